package orders

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

const matrix = `cancel       order                  citizen         ·               ·               ·               ·
place        order                  citizen         ·               ·               ·               ·
read         order                  citizen         ·               ·               ·               ·
serve        order                  ·               provider        ·               ·               ·
`

func TestPolicy_Matrix(t *testing.T) {
	t.Parallel()
	p, err := authz.Load(Policy)
	must(t, err)
	if got := p.Matrix(); got != matrix {
		t.Errorf("the policy changed:\n%s", got)
	}
}

// useCases are all that can be asked of the service, each of a part that it suits.
var useCases = []struct {
	name string
	part func(*world) *Part
	do   func(*world, *authz.Actor, *Part) error
}{
	{"checkout", ordered, func(w *world, a *authz.Actor, _ *Part) error { _, err := w.Checkout(w.ctx, a); return err }},
	{"place", ordered, func(w *world, a *authz.Actor, _ *Part) error {
		_, err := w.Place(w.ctx, a, Placement{Key: newID()})
		return err
	}},
	{"list", ordered, func(w *world, a *authz.Actor, p *Part) error {
		parts, err := w.Orders(w.ctx, a, Window{})
		return firstOf(parts, p, err)
	}},
	{"read", ordered, func(w *world, a *authz.Actor, p *Part) error { _, err := w.Order(w.ctx, a, p.Order.ID); return err }},
	{"pay", ordered, func(w *world, a *authz.Actor, p *Part) error {
		_, err := w.Pay(w.ctx, a, p.Order.ID, "it", "http://x.example")
		return err
	}},
	{"ask", ordered, func(w *world, a *authz.Actor, p *Part) error { _, err := w.Ask(w.ctx, a, p.Order.ID); return err }},
	{"reply", ordered, func(w *world, a *authz.Actor, p *Part) error { return w.Reply(w.ctx, a, p.Order.ID, "x") }},
	{"cancel", ordered, func(w *world, a *authz.Actor, p *Part) error { return w.Cancel(w.ctx, a, p.Order.ID) }},
	{"inbox", wasPaid, func(w *world, a *authz.Actor, p *Part) error {
		parts, err := w.Inbox(w.ctx, a, Window{})
		return firstOf(parts, p, err)
	}},
	{"serve", wasPaid, func(w *world, a *authz.Actor, p *Part) error { _, err := w.Served(w.ctx, a, p.ID); return err }},
	{"write", wasPaid, func(w *world, a *authz.Actor, p *Part) error { return w.Write(w.ctx, a, p.ID, "x") }},
	{"accept", wasPaid, func(w *world, a *authz.Actor, p *Part) error { return w.Accept(w.ctx, a, p.ID) }},
	{"refuse", wasPaid, func(w *world, a *authz.Actor, p *Part) error { return w.Refuse(w.ctx, a, p.ID, "no") }},
	{"deliver", accepted, func(w *world, a *authz.Actor, p *Part) error {
		return w.Deliver(w.ctx, a, p.ID, Delivery{Quantity: 1, Day: monday, Worker: "Luca"})
	}},
	{"desk", ordered, func(w *world, a *authz.Actor, p *Part) error { return w.TakeAtDesk(w.ctx, a, p.ID) }},
	{"hand back", toBeHandedBack, func(w *world, a *authz.Actor, p *Part) error { return w.HandedBack(w.ctx, a, p.ID) }},
}

func ordered(w *world) *Part { return w.order(w.anna, "pasti", 2) }
func wasPaid(w *world) *Part { return w.paid("pasti", 2) }

func accepted(w *world) *Part {
	p := w.paid("pasti", 2)
	w.must(w.Accept(w.ctx, w.luca, p.ID))
	return p
}

func toBeHandedBack(w *world) *Part {
	p := ordered(w)
	w.must(w.TakeAtDesk(w.ctx, w.luca, p.ID))
	w.must(w.Refuse(w.ctx, w.luca, p.ID, "no"))
	return p
}

// firstOf is not found where a list does not hold the part.
func firstOf(parts []*Part, p *Part, err error) error {
	for _, one := range parts {
		if one.ID == p.ID {
			return err
		}
	}
	if err == nil {
		err = problem.ErrNotFound
	}
	return err
}

// refusals: what each hears, in the order of useCases. + is done, 4 not found, 3 forbidden, 1 not signed in, e an empty basket,
// x an account that this city has not.
const refusals = `
anna        e e + + + + + + 3 3 3 3 3 3 3 3
bruno       e e 4 4 4 4 4 4 3 3 3 3 3 3 3 3
luca        e e 4 4 4 4 4 4 + + + + + + + +
sara        e e 4 4 4 4 4 4 4 4 4 4 4 4 4 4
manager     e e 4 4 4 4 4 4 3 3 3 3 3 3 3 3
comune      e e 4 4 4 4 4 4 3 3 3 3 3 3 3 3
admin       e e 4 4 4 4 4 4 3 3 3 3 3 3 3 3
elsewhere   x e 4 4 4 4 4 4 4 4 4 4 4 4 4 4
nobody      1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
`

func TestAuthority_WhoMayDoWhat(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	people := []struct {
		name  string
		actor *authz.Actor
	}{
		{"anna", w.anna}, {"bruno", w.bruno}, {"luca", w.luca}, {"sara", w.sara},
		{"manager", w.person("manager", authz.Membership{Role: authz.WelfareManager})},
		{"comune", w.person("comune", authz.Membership{Role: authz.Municipality})},
		{"admin", w.person("admin", authz.Membership{Role: authz.CityAdmin})},
		{"elsewhere", other.luca}, // of Aurora in another city, whose session counts only there: the service must not lean on that
		{"nobody", nil},
	}
	var table strings.Builder
	for _, who := range people {
		fmt.Fprintf(&table, "\n%-11s", who.name)
		for _, u := range useCases {
			p := u.part(w)
			before := w.rows()
			err := u.do(w, who.actor, p)
			if err != nil && w.rows() != before {
				t.Errorf("%s, %s: refused, and something was written", who.name, u.name)
			}
			table.WriteString(" " + mark(err))
		}
	}
	if got := table.String() + "\n"; got != refusals {
		t.Errorf("who may do what:%s", got)
	}
}

func mark(err error) string {
	switch {
	case err == nil:
		return "+"
	case errors.Is(err, ErrEmpty):
		return "e"
	case errors.Is(err, problem.ErrNotFound):
		return "4"
	case errors.Is(err, problem.ErrForbidden):
		return "3"
	case errors.Is(err, problem.ErrUnauthenticated):
		return "1"
	}
	return "x"
}

// An id that is somebody else's is answered like one that was made up, and nothing is written.
func TestAuthority_AnothersIsLikeOneThatIsNotThere(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	foreign := other.paid("pasti", 2)
	for _, u := range useCases {
		for what, p := range map[string]*Part{"made up": {ID: newID(), Order: &Order{ID: newID()}}, "another city's": foreign} {
			for name, a := range map[string]*authz.Actor{"anna": w.anna, "luca": w.luca} {
				err := w.stays(func() error { return u.do(w, a, p) })
				if m := mark(err); m != "4" && m != "3" && m != "e" {
					t.Errorf("%s, %s, %s: %v", u.name, what, name, err)
				}
			}
		}
	}
	other.is(foreign, Paid)
}

func TestInbox_HoldsTheOrdersOfAllProvidersSomebodyWorksFor(t *testing.T) {
	w := setup(t)
	both := w.person("vera", authz.Membership{Role: authz.Provider, Provider: w.aurora}, authz.Membership{Role: authz.Provider, Provider: w.girasole})
	first, second := w.paid("pasti", 1), w.paid("spesa", 1)
	for who, want := range map[*authz.Actor][]uuid.UUID{w.luca: {first.ID}, w.sara: {second.ID}, both: {second.ID, first.ID}} {
		parts, err := w.Inbox(w.ctx, who, Window{})
		must(t, err)
		var ids []uuid.UUID
		for _, p := range parts {
			ids = append(ids, p.ID)
		}
		same(t, who.Name, fmt.Sprint(ids), fmt.Sprint(want))
	}
}

func TestInbox_FiltersByState(t *testing.T) {
	w := setup(t)
	for _, end := range []func(*Part){
		func(*Part) {},
		func(p *Part) { w.must(w.Accept(w.ctx, w.luca, p.ID)) },
		func(p *Part) { w.must(w.Refuse(w.ctx, w.luca, p.ID, "no")) },
		func(p *Part) { w.must(w.Cancel(w.ctx, w.anna, p.Order.ID)) },
	} {
		end(w.paid("pasti", 1))
	}
	w.order(w.anna, "pasti", 1)
	for want, states := range map[int][]State{5: nil, 2: waiting, 1: {Placed}, 0: {Expired}} {
		parts, err := w.Inbox(w.ctx, w.luca, Window{}, states...)
		must(t, err)
		same(t, fmt.Sprint(states), len(parts), want)
		if len(states) > 0 {
			same(t, fmt.Sprint(states), count(parts, states...), want)
		}
	}
}
