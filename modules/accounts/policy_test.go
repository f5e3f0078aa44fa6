package accounts

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

const matrix = `enter        administration         ·               ·               ·               ·               city_admin
enter        municipality           ·               ·               welfare_manager municipality    ·
enter        personal               citizen         ·               ·               ·               ·
enter        provider               ·               provider        ·               ·               ·
invite       membership             ·               ·               ·               ·               city_admin
read         act                    ·               ·               ·               municipality    ·
read         audit                  ·               ·               ·               ·               city_admin
read         colleague              ·               provider        welfare_manager municipality    ·
read         membership             ·               ·               ·               ·               city_admin
remove       membership             ·               ·               ·               ·               city_admin
reset        factor                 ·               ·               ·               ·               city_admin
`

func TestPolicy_Matrix(t *testing.T) {
	t.Parallel()
	p, err := authz.Load(Policy)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Matrix(); got != matrix {
		t.Errorf("the policy changed:\n%s", got)
	}
}

func TestPolicy_ACitysExceptionCountsWithTheNextRequest(t *testing.T) {
	w := setup(t)
	w.person("marco@comune.example", authz.Municipality)
	b := w.browser().login("marco@comune.example")
	b.get("/comune").wants(t, 200)
	w.sql("INSERT INTO policy_exceptions (role, verb, kind, effect) VALUES ('municipality', 'enter', 'municipality', 'deny')")
	b.get("/comune").wants(t, 403)
	w.sql("DELETE FROM policy_exceptions")
	b.get("/comune").wants(t, 200)
}

func TestMayResetFactor(t *testing.T) {
	t.Parallel()
	me := uuid.New()
	actor := &authz.Actor{Account: me}
	enrolled := func(id uuid.UUID) *Account { return &Account{ID: id, TOTPSince: today} }
	for _, c := range []struct {
		what    string
		account *Account
		want    error
	}{
		{"a colleague's", enrolled(uuid.New()), nil},
		{"one's own", enrolled(me), ErrOwnFactor},
		{"none", &Account{ID: uuid.New()}, ErrNoFactor},
	} {
		if err := mayResetFactor(actor, c.account); !errors.Is(err, c.want) || (err != nil) != (c.want != nil) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
