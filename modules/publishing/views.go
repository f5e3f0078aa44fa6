package publishing

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/prose"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

//words: publishing.continue.* publishing.stage.* publishing.stage_about.* publishing.field.* publishing.help.* publishing.price_kind.* publishing.vat.* publishing.status.* publishing.event.* publishing.blank.*

func postTo(p *ui.Page, path string) templ.SafeURL { return templ.SafeURL(p.Href(path)) }

func stageTone(s Stage) ui.Tone {
	return map[Stage]ui.Tone{ToMend: ui.Warning, InDraft: ui.Plain, Waiting: ui.Info, Published: ui.Success, Hidden: ui.Plain}[s]
}

// shownField is one field of a content in words.
type shownField struct {
	Name string
	Text string
	Long bool // Markdown
}

// shown says a content field by field, in the order of the form.
func shown(p *ui.Page, c *Content, choices *catalogue.Choices) []shownField {
	list := []shownField{
		{"title", c.Title, false}, {"summary", c.Summary, false}, {"category", shelfName(choices, c.Category), false},
		{"needs", names(choices.Needs, c.Needs), false}, {"for", said(p, "catalogue.per.", c.For), false}, {"where", said(p, "catalogue.dove.", c.Where), false},
		{"neighbourhoods", names(choices.Neighbourhoods, c.Neighbourhoods), false}, {"topics", c.Topics, false}, {"keywords", c.Keywords, false},
		{"title_en", c.TitleEn, false}, {"summary_en", c.SummaryEn, false},
		{"addressed", c.Addressed, true}, {"how", c.How, true}, {"needed", c.Needed, true}, {"obtained", c.Obtained, true}, {"times", c.Times, true}, {"deadlines", c.Deadlines, true},
		{"access", c.Access, true}, {"conditions", c.Conditions, true}, {"costs", c.Costs, true},
	}
	list = append(append(list, shownPrice(p, c)...),
		shownField{"phone", c.Phone, false}, shownField{"email", c.Email, false}, shownField{"status", wordOr(p, "publishing.status.", c.Status), false})
	if c.Status == string(catalogue.Inactive) {
		list = append(list, shownField{"status_reason", c.StatusReason, false})
	}
	return append(list, shownField{"picture", pictureName(p, c), false}, shownField{"attachments", attachmentNames(c.Attachments), false})
}

func shownPrice(p *ui.Page, c *Content) []shownField {
	list := []shownField{{"price_kind", wordOr(p, "publishing.price_kind.", c.PriceKind), false}}
	if c.PriceKind != string(catalogue.Free) {
		list = append(list, shownField{"price", euro(c.Price), false}, shownField{"unit", wordOr(p, "price.per.", c.Unit), false})
	}
	if c.PriceKind == string(catalogue.ByISEE) {
		list = append(list, shownField{"price_most", euro(c.PriceMost), false})
	}
	list = append(list, shownField{"price_note", c.PriceNote, false}, shownField{"capacity", c.Capacity, false}, shownField{"sold", yesNo(p, c.Sold), false})
	if c.Sold {
		list = append(list, shownField{"vat", wordOr(p, "publishing.vat.", c.VAT), false}, shownField{"most", c.Most, false}, shownField{"cancel_days", c.CancelDays, false},
			shownField{"ask_address", yesNo(p, c.AskAddress), false}, shownField{"ask_phone", yesNo(p, c.AskPhone), false})
	}
	return list
}

// langOf is the language in which a field is written.
func langOf(field string) string {
	if strings.HasSuffix(field, "_en") {
		return "en"
	}
	return "it"
}

// stale says that the Italian of a name or summary changed, and its English stayed.
func stale(w *Work) bool {
	before := w.Before()
	if before == nil || w.Open == nil || !w.Open.Editable() {
		return false
	}
	c := &w.Open.Content
	return c.Title != before.Title && c.TitleEn != "" && c.TitleEn == before.TitleEn || c.Summary != before.Summary && c.SummaryEn != "" && c.SummaryEn == before.SummaryEn
}

func yesNo(p *ui.Page, yes bool) string {
	if yes {
		return p.T("publishing.yes")
	}
	return p.T("publishing.no")
}

func euro(typed string) string {
	if typed == "" || strings.Contains(typed, "€") {
		return typed
	}
	return typed + " €"
}

// wordOr is the word for one of a list; what is not on it stands as it was typed.
func wordOr(p *ui.Page, prefix, value string) string {
	if p.Voice().Known(prefix + value) {
		return p.Voice().T(prefix + value)
	}
	return value
}

//words: catalogue.per.* catalogue.dove.* price.per.*

func said(p *ui.Page, prefix string, values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = wordOr(p, prefix, v)
	}
	return strings.Join(list, ", ")
}

func names(known []catalogue.Named, picked []string) string {
	list := make([]string, len(picked))
	for i, slug := range picked {
		list[i] = slug
		if at := slices.IndexFunc(known, func(n catalogue.Named) bool { return n.Slug == slug }); at >= 0 {
			list[i] = known[at].Name
		}
	}
	return strings.Join(list, ", ")
}

func shelfName(choices *catalogue.Choices, slug string) string {
	if shelf := choices.Shelf(slug); shelf != nil {
		return shelf.Name
	}
	return slug
}

func attachmentNames(list []catalogue.Attachment) string {
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.Name
	}
	return strings.Join(all, ", ")
}

func pictureName(p *ui.Page, c *Content) string {
	id := c.Picture.String()
	if strings.Trim(id, "0-") == "" {
		return p.T("publishing.blank")
	}
	return p.T("publishing.picture.of", "id", id[len(id)-6:])
}

// difference is a field that is not as citizens see it now.
type difference struct {
	shownField
	Before string
	Pieces []Piece
}

// differences tells field by field what a version changes.
func differences(p *ui.Page, before, after *Content, choices *catalogue.Choices) []difference {
	was := map[string]string{}
	for _, f := range shown(p, before, choices) {
		was[f.Name] = f.Text
	}
	var list []difference
	for _, f := range shown(p, after, choices) {
		if f.Text != was[f.Name] {
			list = append(list, difference{f, was[f.Name], compare(was[f.Name], f.Text)})
		}
		delete(was, f.Name)
	}
	for _, f := range shown(p, before, choices) { // what is no longer asked for, as the terms of a sale
		if old := was[f.Name]; old != "" {
			list = append(list, difference{shownField{Name: f.Name}, old, compare(old, "")})
		}
	}
	return list
}

// changedSince tells what a version changes of what was sent back; nothing, if nothing was.
func changedSince(p *ui.Page, w *Work) []difference {
	if w.Open == nil || w.Open.Seen == nil {
		return nil
	}
	return differences(p, w.Open.Seen, &w.Open.Content, &w.Choices)
}

// partFacts are the fields of one step, as the service's page shows them.
func partFacts(p *ui.Page, s step, c *Content, choices *catalogue.Choices) []ui.Fact {
	var facts []ui.Fact
	for _, f := range shown(p, c, choices) {
		if !slices.Contains(s.fields, f.Name) {
			continue
		}
		fact := ui.Fact{Term: p.T("publishing.field." + f.Name), Text: f.Text}
		switch {
		case f.Text == "":
			fact.Body = nothing(p, f.Name)
		case f.Name == "picture" && c.Picture != uuid.Nil:
			fact.Body = pictureShown(p, c.Picture)
		case f.Name == "attachments":
			fact.Body = attachmentsShown(p, c)
		case f.Name == "needed", f.Name == "deadlines", langOf(f.Name) == "en":
			fact.Body = typedText(f.Text, langOf(f.Name))
		case f.Long:
			fact.Body = writtenText(prose.Passage(f.Text))
		}
		facts = append(facts, fact)
	}
	return facts
}

// history tells what happened to a service.
func history(p *ui.Page, events []Event) []ui.Moment {
	list := make([]ui.Moment, len(events))
	for i, e := range events {
		list[i] = ui.Moment{When: p.DateTime(e.At), Text: eventText(p, e), Done: true}
		if e.Reason != "" {
			list[i].Body = reasonText(e.Reason)
		}
	}
	return list
}

func eventText(p *ui.Page, e Event) string {
	what := p.T("publishing.event." + e.Verb)
	if e.Number > 0 {
		what = p.T("publishing.version", "n", p.Number(e.Number)) + ": " + what
	}
	switch {
	case e.Name != "":
		return what + " · " + e.Name
	case strings.Trim(e.Account.String(), "0-") == "":
		return what + " · " + p.T("publishing.program")
	}
	return what
}

func options(list []catalogue.Named) []ui.Option {
	all := make([]ui.Option, len(list))
	for i, n := range list {
		all[i] = ui.Option{Value: n.Slug, Text: n.Name}
	}
	return all
}

func wordOptions(p *ui.Page, prefix string, values []string) []ui.Option {
	all := make([]ui.Option, len(values))
	for i, v := range values {
		all[i] = ui.Option{Value: v, Text: p.Voice().T(prefix + v)}
	}
	return all
}

func shelfOptions(p *ui.Page, f *stepForm) []ui.Option {
	all := make([]ui.Option, len(f.Choices.Shelves))
	for i, s := range f.Choices.Shelves {
		all[i] = ui.Option{Value: s.Slug, Text: s.Name}
		if len(s.Accreditations) > 0 {
			all[i].Text = p.T("publishing.shelf.asks", "shelf", s.Name)
		}
	}
	return all
}

func makerOptions(list []catalogue.Maker) []ui.Option {
	all := make([]ui.Option, len(list))
	for i := range list {
		all[i] = ui.Option{Value: list[i].ID.String(), Text: list[i].Name}
	}
	return all
}

// missing are the things to mend, each with where.
func missing(p *ui.Page, w *Work, wrong problem.Fields) []ui.Crumb {
	list := make([]ui.Crumb, len(wrong))
	for i, f := range wrong {
		list[i] = ui.Crumb{Title: p.T(f.Code, "field", p.T("publishing.field."+f.Name)), Href: p.Href(servicePath(w.ID, stepOf(f.Name).path)) + "#" + f.Name}
	}
	return list
}

func since(p *ui.Page, t, now time.Time) string { return p.When(t, now) + ", " + p.Time(t) }
