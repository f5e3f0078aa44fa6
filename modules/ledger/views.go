package ledger

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

//words: ledger.line.* ledger.back.* ledger.kind.* ledger.rail.* ledger.finding.* ledger.differs.*

// lineName says what a movement was: a sale, or the sale that was taken back.
func lineName(p *ui.Page, l Line) string {
	if l.Kind == Reversal {
		return p.T("ledger.back." + string(l.Reversed))
	}
	return p.T("ledger.line." + string(l.Kind))
}

// about is what a movement is about; where nobody knows, the end of its number.
func about(p *ui.Page, known map[uuid.UUID]Reference, l Line) Reference {
	if r, ok := known[l.Reference]; ok {
		return r
	}
	id := l.Reference.String()
	return Reference{Text: p.T("ledger.reference", "id", id[len(id)-12:])}
}

// accountName is how people call an account.
func accountName(p *ui.Page, st Standing) string {
	switch st.Account.Kind {
	case Rail:
		return railName(p, st.Account.Name)
	case Provider:
		if st.Title == "" {
			return st.Account.Owner.String()
		}
		return st.Title
	case Citizen:
		return p.N("ledger.citizens", st.Count)
	}
	return p.T("ledger.fees")
}

// railName is how people call a rail.
func railName(p *ui.Page, name string) string {
	if key := "ledger.rail." + name; p.Voice().Known(key) {
		return p.T(key)
	}
	return name
}

// total is the sum of all balances, which is 0.
func total(standings []Standing) (cents int64) {
	for _, st := range standings {
		cents += st.Cents
	}
	return cents
}

// of keeps the balances of some kinds.
func of(standings []Standing, kinds ...AccountKind) (list []Standing) {
	for _, st := range standings {
		if slices.Contains(kinds, st.Account.Kind) {
			list = append(list, st)
		}
	}
	return list
}

// findingsShown at once.
const findingsShown = 50

// findingAbout names the transfer of a finding, and by how much it is wrong.
func findingAbout(p *ui.Page, f Finding) string {
	var parts []string
	if f.ID != uuid.Nil {
		parts = append(parts, f.ID.String())
	}
	if f.Cents != 0 {
		parts = append(parts, p.Money(f.Cents))
	}
	return strings.Join(append(parts, p.Short(f.At)), " · ")
}

func monthOptions(p *ui.Page, months []time.Time) []ui.Option {
	list := make([]ui.Option, len(months))
	for i, m := range months {
		list[i] = ui.Option{Value: m.Format(monthFormat), Text: p.Month(m)}
	}
	return list
}

func sellerOptions(sellers []seller) []ui.Option {
	list := make([]ui.Option, len(sellers))
	for i, v := range sellers {
		list[i] = ui.Option{Value: v.Slug, Text: v.Name}
	}
	return list
}

// address is where this statement is, or its file, or the lines after a cursor.
func (v *ProviderView) address(path, cursor string) string {
	whose := url.Values{}
	if len(v.Sellers) > 1 {
		whose.Set("ente", v.Seller.Slug)
	}
	return v.MonthView.address(path, cursor, whose)
}

// address is where this statement is, or its file, or the lines after a cursor.
func (v *RailView) address(path, cursor string) string {
	return v.MonthView.address(path, cursor, url.Values{"conto": {v.Rail.Name}})
}

func (v *MonthView) address(path, cursor string, query url.Values) string {
	query.Set("mese", v.month())
	if cursor != "" {
		query.Set("dopo", cursor)
	}
	return path + "?" + query.Encode()
}

func railOptions(p *ui.Page, rails []rail) []ui.Option {
	list := make([]ui.Option, len(rails))
	for i, r := range rails {
		list[i] = ui.Option{Value: r.Name, Text: railName(p, r.Name)}
	}
	return list
}

// differsBy says what each side holds, of what, and when it was.
func differsBy(p *ui.Page, f RailFinding) string {
	return p.T("ledger.compared.by", "ours", p.Money(f.Ours), "theirs", p.Money(f.Theirs), "subject", f.Subject, "day", p.Short(f.At))
}

// shown are the months to choose from, with the one that is shown.
func (v *MonthView) shown() []time.Time {
	if slices.ContainsFunc(v.Months, v.Month.Equal) {
		return v.Months
	}
	return append([]time.Time{v.Month}, v.Months...)
}
