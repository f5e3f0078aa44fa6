package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestPost_MovesMoneyFromTheRailToTheProvider(t *testing.T) {
	w := setup(t)
	anna, cooperative := newID(), newID()
	w.mustPost(payment("payment:1", anna, 1250))
	w.holds(RailAccount("card"), -1250)
	w.holds(CitizenAccount(anna), 1250)
	w.mustPost(sale("sale:1", anna, cooperative, 1250))
	w.holds(CitizenAccount(anna), 0)
	w.holds(ProviderAccount(cooperative), 1250)
	w.holds(ProviderAccount(newID()), 0)
}

func TestPost_SeveralMovesAreOneTransfer(t *testing.T) {
	w := setup(t)
	anna, one, two := newID(), newID(), newID()
	w.mustPost(Transfer{Key: "sale:2", Kind: Sale, Reference: newID(), Moves: []Move{
		{CitizenAccount(anna), ProviderAccount(one), 700}, {CitizenAccount(anna), ProviderAccount(two), 300}, {CitizenAccount(anna), FeesAccount(), 5},
	}})
	w.holds(CitizenAccount(anna), -1005)
	w.holds(ProviderAccount(one), 700)
	w.holds(ProviderAccount(two), 300)
	w.holds(FeesAccount(), 5)
}

func TestPost_TheSameKeyCountsOnce(t *testing.T) {
	w := setup(t)
	anna := newID()
	first := payment("payment:1", anna, 500)
	id := w.mustPost(first)
	if again := w.mustPost(first); again != id {
		t.Errorf("again is %s, not %s", again, id)
	}
	for name, change := range map[string]func(*Transfer){
		"other cents":     func(t *Transfer) { t.Moves = []Move{{RailAccount("card"), CitizenAccount(anna), 501}} },
		"another rail":    func(t *Transfer) { t.Moves = []Move{{RailAccount("desk"), CitizenAccount(anna), 500}} },
		"another citizen": func(t *Transfer) { t.Moves = []Move{{RailAccount("card"), CitizenAccount(newID()), 500}} },
		"one more move":   func(t *Transfer) { t.Moves = append(t.Moves[:1:1], t.Moves[0]) },
		"another kind":    func(t *Transfer) { t.Kind = Refund },
		"about another":   func(t *Transfer) { t.Reference = newID() },
		"pending":         func(t *Transfer) { t.Pending = true },
	} {
		other := first
		change(&other)
		if _, err := w.post(other); !errors.Is(err, ErrKeyReused) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	w.holds(CitizenAccount(anna), 500)
}

func TestPost_IsUndoneWithItsTransaction(t *testing.T) {
	w := setup(t)
	anna, failed := newID(), errors.New("the order was not kept")
	err := w.tx(func(ctx context.Context) error {
		if _, err := w.Post(ctx, payment("payment:1", anna, 500)); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	w.holds(CitizenAccount(anna), 0)
	w.mustPost(payment("payment:1", anna, 700))
	w.holds(CitizenAccount(anna), 700)
}

func TestPost_OfTwentyAtOnceOneIsWritten(t *testing.T) {
	w := setup(t)
	anna := newID()
	transfer := payment("payment:1", anna, 500)
	ids, errs := make([]uuid.UUID, 20), make([]error, 20)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() { ids[i], errs[i] = w.post(transfer) })
	}
	all.Wait()
	for i := range ids {
		if errs[i] != nil || ids[i] != ids[0] {
			t.Errorf("%d: %s, %v", i, ids[i], errs[i])
		}
	}
	w.holds(CitizenAccount(anna), 500)
}

func TestPost_OfTwentyWithOneKeyAndOtherContentOneIsWritten(t *testing.T) {
	w := setup(t)
	written, refused := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, err := w.post(payment("payment:1", newID(), int64(100+i)))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				written++
			case errors.Is(err, ErrKeyReused):
				refused++
			default:
				t.Errorf("err = %v", err)
			}
		})
	}
	all.Wait()
	if written != 1 || refused != 19 {
		t.Errorf("%d were written, %d refused", written, refused)
	}
}

func TestPost_NewAccountsAreMadeOnceByWhoeverComesFirst(t *testing.T) {
	w := setup(t)
	var all sync.WaitGroup
	anna, cooperative := newID(), newID()
	for i := range 20 {
		all.Go(func() {
			transfer := sale(fmt.Sprint("sale:", i), anna, cooperative, 10)
			if i%2 == 0 { // the other way round
				transfer.Moves[0].From, transfer.Moves[0].To = transfer.Moves[0].To, transfer.Moves[0].From
			}
			if _, err := w.post(transfer); err != nil {
				t.Errorf("err = %v", err)
			}
		})
	}
	all.Wait()
	w.holds(CitizenAccount(anna), 0)
	w.sound()
}

func TestPost_TwoThatWaitForEachOtherEndWithAPlainConflict(t *testing.T) {
	w := setup(t)
	anna := newID()
	a, b := payment("payment:a", anna, 1), payment("payment:b", anna, 2)
	var both sync.WaitGroup
	both.Add(2)
	post := func(first, second Transfer) error {
		return w.tx(func(ctx context.Context) error {
			if _, err := w.Post(ctx, first); err != nil {
				return err
			}
			both.Done()
			both.Wait()
			_, err := w.Post(ctx, second)
			return err
		})
	}
	w.mustPost(payment("payment:0", anna, 1)) // the accounts are there
	errs := make(chan error, 2)
	go func() { errs <- post(a, b) }()
	go func() { errs <- post(b, a) }()
	one, two := <-errs, <-errs
	if one == nil {
		one, two = two, one
	}
	if !errors.Is(one, ErrBusy) || two != nil {
		t.Errorf("%v, %v", one, two)
	}
	w.holds(CitizenAccount(anna), 4)
}

func TestPending_CountsOnceItIsSettled(t *testing.T) {
	w := setup(t)
	anna := newID()
	for i, end := range []func(string) error{w.settle, w.void} {
		p := payment(fmt.Sprint("payment:", i), anna, 500)
		p.Pending = true
		w.mustPost(p)
		w.holds(CitizenAccount(anna), int64(min(i, 1))*500)
		w.must(end(p.Key))
		w.must(end(p.Key)) // again
		w.holds(CitizenAccount(anna), 500)
		for _, other := range []func(string) error{w.settle, w.void}[1-i : 2-i] {
			if err := other(p.Key); !errors.Is(err, ErrSettled) {
				t.Errorf("the other outcome: %v", err)
			}
		}
		if again := w.mustPost(p); again == uuid.Nil {
			t.Error("posting it again gives no id")
		}
	}
}

func TestPending_OfSettlingAndVoidingAtOnceOneHolds(t *testing.T) {
	w := setup(t)
	anna := newID()
	p := payment("payment:1", anna, 500)
	p.Pending = true
	w.mustPost(p)
	var all sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		all.Go(func() {
			if i%2 == 0 {
				errs[i] = w.settle(p.Key)
			} else {
				errs[i] = w.void(p.Key)
			}
		})
	}
	all.Wait()
	want := int64(500)
	if errs[0] != nil {
		want = 0
	}
	for i, err := range errs {
		if (err == nil) != (errs[i%2] == nil) || err != nil && !errors.Is(err, ErrSettled) {
			t.Errorf("%d: %v", i, err)
		}
	}
	w.holds(CitizenAccount(anna), want)
}

func TestReverse_IsExactlyTheOpposite(t *testing.T) {
	w := setup(t)
	anna, cooperative := newID(), newID()
	w.mustPost(sale("sale:1", anna, cooperative, 900))
	id, err := w.reverse("sale:1", "sale:1:reversed")
	w.must(err)
	w.holds(CitizenAccount(anna), 0)
	w.holds(ProviderAccount(cooperative), 0)
	if again, err := w.reverse("sale:1", "sale:1:reversed"); err != nil || again != id {
		t.Errorf("again: %s, %v", again, err)
	}
	w.sound()
}

func TestReverse_OfTwentyAtOnceOneIsWritten(t *testing.T) {
	w := setup(t)
	anna, cooperative := newID(), newID()
	w.mustPost(sale("sale:1", anna, cooperative, 900))
	var all sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		all.Go(func() { _, errs[i] = w.reverse("sale:1", fmt.Sprint("reversal:", i)) })
	}
	all.Wait()
	written := 0
	for _, err := range errs {
		if err == nil {
			written++
		} else if !errors.Is(err, ErrReversed) {
			t.Errorf("err = %v", err)
		}
	}
	if written != 1 {
		t.Errorf("%d were written", written)
	}
	w.holds(ProviderAccount(cooperative), 0)
}

func TestLedger_Refuses(t *testing.T) {
	w := setup(t)
	anna, cooperative := newID(), newID()
	w.mustPost(sale("sale:1", anna, cooperative, 900))
	w.mustPost(sale("sale:2", anna, cooperative, 900))
	waiting := payment("waiting", anna, 100)
	waiting.Pending = true
	w.mustPost(waiting)
	gone := payment("gone", anna, 100)
	gone.Pending = true
	w.mustPost(gone)
	w.must(w.void("gone"))
	_, err := w.reverse("sale:1", "reversal")
	w.must(err)
	reverse := func(key, newKey string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := w.Reverse(ctx, key, newKey); return err }
	}
	for name, c := range map[string]struct {
		do   func(context.Context) error
		want error
	}{
		"settle what is not there":    {func(ctx context.Context) error { return w.Settle(ctx, "nothing") }, ErrNoTransfer},
		"settle what counts already":  {func(ctx context.Context) error { return w.Settle(ctx, "sale:1") }, ErrNotPending},
		"void what counts already":    {func(ctx context.Context) error { return w.Void(ctx, "sale:1") }, ErrNotPending},
		"settle what was voided":      {func(ctx context.Context) error { return w.Settle(ctx, "gone") }, ErrSettled},
		"reverse what is not there":   {reverse("nothing", "r"), ErrNoTransfer},
		"reverse what waits":          {reverse("waiting", "r"), ErrNotPosted},
		"reverse what was voided":     {reverse("gone", "r"), ErrNotPosted},
		"reverse a reversal":          {reverse("reversal", "r"), ErrNotReversible},
		"reverse twice":               {reverse("sale:1", "r"), ErrReversed},
		"reverse under a sale's key":  {reverse("sale:2", "sale:1"), ErrKeyReused},
		"reverse under another's key": {reverse("sale:2", "reversal"), ErrKeyReused},
		"reverse under its own key":   {reverse("sale:2", "sale:2"), ErrKeyReused},
		"reverse under no key":        {reverse("sale:2", ""), ErrInvalid},
		"the balance of no account":   {func(ctx context.Context) error { _, err := w.Balance(ctx, Account{Kind: Citizen}); return err }, ErrInvalid},
		"the statement of no account": {func(ctx context.Context) error {
			_, err := w.Statement(ctx, Account{}, w.now(), w.now(), "")
			return err
		}, ErrInvalid},
		"a statement after no cursor": {func(ctx context.Context) error {
			_, err := w.Statement(ctx, FeesAccount(), w.now(), w.now(), "1.x.2")
			return err
		}, problem.ErrNotFound},
		"a statement after a far moment": {func(ctx context.Context) error {
			_, err := w.Statement(ctx, FeesAccount(), w.now(), w.now(), "9223372036854775807."+newID().String()+".1")
			return err
		}, problem.ErrNotFound},
	} {
		if err := w.tx(c.do); !errors.Is(err, c.want) {
			t.Errorf("%s: err = %v, want %v", name, err, c.want)
		}
	}
	w.sound()
}

func TestPost_RefusesWhatIsNoTransfer(t *testing.T) {
	w := setup(t)
	anna, cooperative := newID(), newID()
	for name, change := range map[string]func(*Transfer){
		"no key":                func(t *Transfer) { t.Key = "" },
		"a long key":            func(t *Transfer) { t.Key = strings.Repeat("k", 201) },
		"no kind":               func(t *Transfer) { t.Kind = "" },
		"a reversal":            func(t *Transfer) { t.Kind = Reversal },
		"about nothing":         func(t *Transfer) { t.Reference = uuid.Nil },
		"no moves":              func(t *Transfer) { t.Moves = nil },
		"too many moves":        func(t *Transfer) { t.Moves = make([]Move, 501) },
		"no cents":              func(t *Transfer) { t.Moves[0].Cents = 0 },
		"negative cents":        func(t *Transfer) { t.Moves[0].Cents = -1 },
		"too many cents":        func(t *Transfer) { t.Moves[0].Cents = mostCents + 1 },
		"too many cents in all": func(t *Transfer) { t.Moves = append(t.Moves, t.Moves[0]); t.Moves[0].Cents = mostCents },
		"to itself":             func(t *Transfer) { t.Moves[0].To = t.Moves[0].From },
		"a citizen without one": func(t *Transfer) { t.Moves[0].From.Owner = uuid.Nil },
		"a citizen with a name": func(t *Transfer) { t.Moves[0].From.Name = "Anna" },
		"a rail without a name": func(t *Transfer) { t.Moves[0].To = Account{Kind: Rail} },
		"a rail of somebody":    func(t *Transfer) { t.Moves[0].To = Account{Kind: Rail, Name: "card", Owner: anna} },
		"fees of somebody":      func(t *Transfer) { t.Moves[0].To = Account{Kind: Fees, Owner: anna} },
		"an account of no kind": func(t *Transfer) { t.Moves[0].To = Account{Kind: "bank", Owner: anna} },
	} {
		transfer := sale("sale:1", anna, cooperative, 1)
		change(&transfer)
		if _, err := w.post(transfer); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}

func TestLedger_WritesInATransactionOnly(t *testing.T) {
	w := setup(t)
	_, post := w.Post(w.ctx, payment("payment:1", newID(), 1))
	_, reverse := w.Reverse(w.ctx, "payment:1", "r")
	for name, err := range map[string]error{"post": post, "settle": w.Settle(w.ctx, "x"), "void": w.Void(w.ctx, "x"), "reverse": reverse} {
		if !errors.Is(err, tenants.ErrNoTransaction) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}

func TestLedger_AnotherCitySeesNothing(t *testing.T) {
	w := setup(t)
	anna, cooperative := newID(), newID()
	w.mustPost(payment("payment:1", anna, 900))
	w.mustPost(sale("sale:1", anna, cooperative, 500))
	here := *w
	w.ctx, w.city = testkit.City(t)
	w.holds(CitizenAccount(anna), 0)
	w.holds(RailAccount("card"), 0)
	if _, err := w.reverse("sale:1", "r"); !errors.Is(err, ErrNoTransfer) {
		t.Errorf("reverse: %v", err)
	}
	st, err := w.Statement(w.ctx, ProviderAccount(cooperative), here.clock.now.AddDate(-1, 0, 0), here.clock.now.AddDate(1, 0, 0), "")
	if err != nil || st.Closing != 0 || len(st.Lines) > 0 {
		t.Errorf("statement: %+v, %v", st, err)
	}
	if found, err := w.Check(w.ctx); err != nil || len(found) > 0 {
		t.Errorf("check: %v, %v", found, err)
	}
	w.mustPost(payment("payment:1", anna, 1)) // its own key
	w.holds(CitizenAccount(anna), 1)
	here.holds(CitizenAccount(anna), 400)
}

// sound fails if something is wrong with the ledger.
func (w *world) sound() {
	w.t.Helper()
	found, err := w.Check(w.ctx)
	w.must(err)
	for _, f := range Wrong(found) {
		w.t.Errorf("found %+v", f)
	}
}
