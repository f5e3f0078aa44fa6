package problem_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

var errExpired = problem.New(problem.Conflict, "vouchers.expired")

func TestOf_FindsTheRefusalAndTellsNothingElse(t *testing.T) {
	t.Parallel()
	inside := errors.New("pq: secret")
	for name, c := range map[string]struct {
		err  error
		kind problem.Kind
		code string
	}{
		"itself":        {errExpired, problem.Conflict, "vouchers.expired"},
		"wrapped":       {fmt.Errorf("voucher 7: %w", errExpired), problem.Conflict, "vouchers.expired"},
		"joined":        {errors.Join(inside, errExpired), problem.Conflict, "vouchers.expired"},
		"something new": {inside, problem.Internal, "problem.internal"},
		"nothing":       {nil, problem.Internal, "problem.internal"},
	} {
		if got := problem.Of(c.err); got.Kind != c.kind || got.Code != c.code {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if problem.Of(inside).Error() != "problem.internal" {
		t.Error("an internal error tells of itself")
	}
}

func TestIs_ComparesByCode(t *testing.T) {
	t.Parallel()
	if !errors.Is(fmt.Errorf("voucher 7: %w", problem.New(problem.Conflict, "vouchers.expired")), errExpired) {
		t.Error("two of one code are two")
	}
	for _, other := range []error{problem.ErrNotFound, errors.New("vouchers.expired"), nil} {
		if errors.Is(errExpired, other) {
			t.Errorf("it is %v", other)
		}
	}
}

func TestFields_AreNilUntilOneIsWrong(t *testing.T) {
	t.Parallel()
	var f problem.Fields
	f.Check(true, "name", "x.required")
	if err := f.Err(); err != nil {
		t.Errorf("err = %v", err)
	}
	f.Check(false, "name", "x.required")
	f.Add("email", "x.email")
	got := problem.Of(f.Err())
	if got.Kind != problem.Invalid || len(got.Fields) != 2 || got.Fields[0].Name != "name" || got.Error() != "problem.invalid (name: x.required, email: x.email)" {
		t.Errorf("%v", got)
	}
}
