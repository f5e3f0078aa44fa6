package publishing

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
)

func TestParseEuro_ReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int64{
		"12": 1200, "12,5": 1250, "12,50": 1250, "12.50 €": 1250, "€ 3": 300, "1.234,50": 123450, "1.234": 123400, "0": 0, "0,05": 5, "1 000,00": 100000, "12.5": 1250,
		"1.000.000,00": 100000000,
	} {
		if got, ok := parseEuro(typed); !ok || got != want {
			t.Errorf("%q: %d %v, want %d", typed, got, ok, want)
		}
	}
	for _, typed := range []string{"", "abc", "-3", "1,234", "12,", ",5", "1.23.4", "1e3", "12,5,0", "99999999", "1.000.000,01", "٣", "12,-5", "+4"} {
		if got, ok := parseEuro(typed); ok {
			t.Errorf("%q was taken for %d", typed, got)
		}
	}
}

func choices() *catalogue.Choices {
	return &catalogue.Choices{
		Shelves:        []catalogue.Shelf{{Slug: "pasti", Name: "Pasti"}},
		Needs:          []catalogue.Named{{Slug: "casa", Name: "Casa"}},
		Neighbourhoods: []catalogue.Named{{Slug: "centro", Name: "Centro"}},
	}
}

func TestContent_WholeBecomesAnEntryAndBack(t *testing.T) {
	t.Parallel()
	c := whole()
	entry, wrong := c.read(choices(), &catalogue.Maker{VATNumber: "99000040008"})
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	if entry.Price != (catalogue.Price{Kind: catalogue.Fixed, Cents: 750, Unit: "pasto"}) || *entry.Sale != (catalogue.Sale{VAT: "5", Most: 10, CancelDays: 3, Address: true}) || len(entry.Needed) != 2 {
		t.Errorf("%+v", entry)
	}
	if back := contentOf(entry); fmt.Sprint(back) != fmt.Sprint(c) {
		t.Errorf("%+v\n became\n%+v", c, back)
	}
}

func TestContent_SaysWhatIsMissingAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Content)
		field string
		code  string
	}{
		"no title":          {func(c *Content) { c.Title = "" }, "title", "publishing.missing.title"},
		"a long title":      {func(c *Content) { c.Title = strings.Repeat("è", 101) }, "title", "publishing.wrong.long"},
		"another's shelf":   {func(c *Content) { c.Category = "altrui" }, "category", "publishing.wrong.choice"},
		"no need":           {func(c *Content) { c.Needs = nil }, "needs", "publishing.missing.needs"},
		"an unknown need":   {func(c *Content) { c.Needs = []string{"x"} }, "needs", "publishing.wrong.choice"},
		"an unknown hood":   {func(c *Content) { c.Neighbourhoods = []string{"x"} }, "neighbourhoods", "publishing.wrong.choice"},
		"five topics":       {func(c *Content) { c.Topics = "a,b,c,d,e" }, "topics", "publishing.wrong.many"},
		"no price":          {func(c *Content) { c.Price, c.Sold = "", false }, "price", "publishing.missing.price"},
		"a price of words":  {func(c *Content) { c.Price, c.Sold = "poco", false }, "price", "publishing.wrong.price"},
		"most below least":  {func(c *Content) { c.PriceKind, c.PriceMost, c.Sold = "isee", "2", false }, "price_most", "publishing.wrong.price_most"},
		"sold from a price": {func(c *Content) { c.PriceKind = "from" }, "sold", "publishing.wrong.sold_price"},
		"sold for nothing":  {func(c *Content) { c.Price = "0" }, "sold", "publishing.wrong.sold_price"},
		"no VAT":            {func(c *Content) { c.VAT = "" }, "vat", "publishing.missing.vat"},
		"a hundred":         {func(c *Content) { c.Most = "100" }, "most", "publishing.wrong.most"},
		"no days":           {func(c *Content) { c.CancelDays = "" }, "cancel_days", "publishing.wrong.cancel_days"},
		"a phone of words":  {func(c *Content) { c.Phone = "chiamami" }, "phone", "publishing.wrong.phone"},
		"two addresses":     {func(c *Content) { c.Email = "a@b.it, c@d.it" }, "email", "publishing.wrong.email"},
		"no reason":         {func(c *Content) { c.Status = "inactive" }, "status_reason", "publishing.missing.status_reason"},
		"a status":          {func(c *Content) { c.Status = "x" }, "status", "publishing.wrong.choice"},
		"capacity":          {func(c *Content) { c.Capacity = "-1" }, "capacity", "publishing.wrong.number"},
	} {
		content := whole()
		c.spoil(&content)
		_, wrong := content.read(choices(), &catalogue.Maker{VATNumber: "99000040008"})
		if len(wrong) != 1 || wrong[0].Name != c.field || wrong[0].Code != c.code {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	content := whole()
	if _, wrong := content.read(choices(), &catalogue.Maker{}); len(wrong) != 1 || wrong[0].Code != "publishing.wrong.sold_vat_number" {
		t.Errorf("without a VAT number: %v", wrong)
	}
}

// Each step is taken from each state: what is not written here is refused.
func TestVersion_GoesOnlyWhereItMay(t *testing.T) {
	t.Parallel()
	who := uuid.New()
	takes := map[string]func(*Version) error{
		"change":   func(v *Version) error { return v.change(who, v.Revision, today) },
		"submit":   func(v *Version) error { return v.submit(who, v.Revision, today) },
		"withdraw": func(v *Version) error { return v.withdraw(today) },
		"approve":  func(v *Version) error { return v.decide(Approved, "", v.Revision, today) },
		"return":   func(v *Version) error { return v.decide(Returned, "perché", v.Revision, today) },
		"discard":  func(v *Version) error { return v.discard(v.Revision, today) },
	}
	allowed := map[string]State{
		"draft change": Draft, "draft submit": Submitted, "draft discard": Discarded, "returned change": Draft, "returned submit": Submitted, "returned discard": Discarded,
		"submitted withdraw": Draft, "submitted approve": Approved, "submitted return": Returned,
	}
	for _, state := range []State{Draft, Submitted, Returned, Approved, Discarded} {
		for name, take := range takes {
			v := &Version{State: state, Revision: 4}
			err := take(v)
			want, ok := allowed[string(state)+" "+name]
			switch {
			case ok && (err != nil || v.State != want || v.Revision != 5):
				t.Errorf("%s from %s: %v, now %s at %d", name, state, err, v.State, v.Revision)
			case !ok && (err == nil || v.State != state || v.Revision != 4):
				t.Errorf("%s from %s: %v, now %s", name, state, err, v.State)
			}
		}
	}
	v := &Version{State: Draft, Revision: 4}
	if err := v.change(who, 3, today); !errors.Is(err, ErrStale) {
		t.Errorf("an old form: %v", err)
	}
	if err := (&Version{State: Submitted, Revision: 4}).decide(Approved, "", 3, today); !errors.Is(err, ErrStale) {
		t.Errorf("a decision on what was not seen: %v", err)
	}
}

func TestCompare_TellsWordByWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after, want string }{
		{"uguale in tutto", "uguale in tutto", "uguale in tutto"},
		{"Costa 5 euro a pasto", "Costa 7 euro a pasto", "Costa[- 5][+ 7] euro a pasto"},
		{"", "nuovo testo", "[+nuovo testo]"},
		{"vecchio testo", "", "[-vecchio testo]"},
		{"a b c d", "a x c d e", "a[- b][+ x] c d[+ e]"},
		{"uno\n\ndue", "uno\n\ndue\n\ntre", "uno\n\ndue[+\n\ntre]"},
	} {
		var got strings.Builder
		for _, p := range compare(c.before, c.after) {
			switch p.Op {
			case Added:
				got.WriteString("[+" + p.Text + "]")
			case Removed:
				got.WriteString("[-" + p.Text + "]")
			default:
				got.WriteString(p.Text)
			}
		}
		if got.String() != c.want {
			t.Errorf("%q → %q: %q, want %q", c.before, c.after, got.String(), c.want)
		}
	}
}

func TestDeadline_IsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]catalogue.Deadline{
		"30/04/2027 Domande per settembre": {Date: "2027-04-30", Label: "Domande per settembre"}, "1.2.2027: si apre": {Date: "2027-02-01", Label: "si apre"},
		"2027-12-31 – fine": {Date: "2027-12-31", Label: "fine"}, "29/2/2028, bisestile": {Date: "2028-02-29", Label: "bisestile"},
	} {
		if got, ok := parseDeadline(typed); !ok || got != want {
			t.Errorf("%q: %+v, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{"", "Domande per settembre", "30/04/2027", "31/02/2027 mai", "29/02/2027 mai", "1/13/2027 mai", "30/04/27 quando", "aprile 2027 domande", "0/1/2027 mai", "30/04/1927 ieri"} {
		if got, ok := parseDeadline(typed); ok {
			t.Errorf("%q was taken for %+v", typed, got)
		}
	}
}

func TestDeadlines_StandInTheOrderOfTheirDaysAndComeBackAsTyped(t *testing.T) {
	t.Parallel()
	c := Content{Deadlines: "30/06/2027 Fine\n\n2027-04-30 Domande"}
	r := reading{Content: &c}
	list := r.deadlines()
	if got := writeDeadlines(list); got != "30/04/2027 Domande\n30/06/2027 Fine" || r.wrong.Err() != nil {
		t.Errorf("%q, %v", got, r.wrong)
	}
	for typed, code := range map[string]string{
		"domani": "publishing.wrong.deadline", "30/04/2027 " + strings.Repeat("x", longestLine+1): "publishing.wrong.long", manyLines(): "publishing.wrong.many",
	} {
		r := reading{Content: &Content{Deadlines: typed}}
		if r.deadlines(); len(r.wrong) == 0 || r.wrong[0].Code != code {
			t.Errorf("%.40q: %v", typed, r.wrong)
		}
	}
}

// manyLines are more deadlines than a sheet shows.
func manyLines() string {
	var lines []string
	for i := range mostDeadlines + 1 {
		lines = append(lines, fmt.Sprintf("%d/04/2027 x", i+1))
	}
	return strings.Join(lines, "\n")
}
