package catalogue

import (
	"github.com/google/uuid"
)

// Entry is a service as those who deliver it write it: long texts are Markdown, references are slugs. What the municipality alone says
// of a service (its office, the act of its price) is not part of it.
type Entry struct {
	Title, Summary, Category          string
	TitleEn, SummaryEn                string // what is empty is shown in Italian
	Needs, For, Where, Neighbourhoods []string
	Status                            Status
	StatusReason                      string
	Price                             Price
	PriceNote                         string
	Sale                              *Sale
	Capacity                          int // units a month; 0 if not told
	Addressed, How, Obtained, Times   string
	Access, Costs, Conditions         string
	Needed                            []string
	Deadlines                         []Deadline
	Topics, Keywords                  []string
	Phone, Email                      string
	Picture                           uuid.UUID // uuid.Nil for none
	Attachments                       []Attachment
}

// Record is a service's row for those who work on it, published or not.
type Record struct {
	ID        uuid.UUID
	Provider  uuid.UUID
	Slug      string
	Published bool
	Entry
}

// Shelf is a category as those who publish on it choose it.
type Shelf struct {
	Slug, Name     string
	Accreditations []string // of which one is needed here; none = whoever is a provider may
}

// Demands says whether a provider that is no municipality needs an accreditation it does not have on a day.
func (s *Shelf) Demands(p *Maker, day string) bool {
	if len(s.Accreditations) == 0 || p.Kind == kindComune {
		return false
	}
	for _, area := range s.Accreditations {
		for _, a := range p.Accreditations {
			if a.Area == area && a.Valid(day) {
				return false
			}
		}
	}
	return true
}

// kindComune is the municipality itself, which accredits others.
const kindComune = "comune"

// Named is a slug and what it is called.
type Named struct{ Slug, Name string }

// Choices are what a service can be connected with.
type Choices struct {
	Shelves        []Shelf
	Needs          []Named
	Neighbourhoods []Named
}

// Shelf finds a category, or nil.
func (c *Choices) Shelf(slug string) *Shelf {
	for i := range c.Shelves {
		if c.Shelves[i].Slug == slug {
			return &c.Shelves[i]
		}
	}
	return nil
}

// Profile is what a provider says of itself; its name is the city's to give.
type Profile struct {
	About, Address, Phone, Email, Web string
	Neighbourhood                     string // slug
}

// Maker is a provider's row for those who work with it.
type Maker struct {
	ID   uuid.UUID
	Slug string
	Name string
	Kind string
	Profile
	VATNumber      string
	Accreditations []Accreditation
}

// The answers to the questions of a sheet, in the order in which pages show them.
var (
	Audiences = []string{"bambini", "giovani", "adulti", "anziani", "disabilita", "famiglie", "stranieri"}
	Wheres    = []string{"casa", "sede", "online"}
	Units     = []string{"ora", "giorno", "pasto", "mese", "settimana", "seduta", "corsa", "intervento", "anno", "corso", "notte", "ingresso"}
)

// file is the entry as a city's folder would hold it, which renders its texts and weighs its words.
func (e *Entry) file() serviceFile {
	return serviceFile{
		Title: e.Title, Summary: e.Summary, Addressed: e.Addressed, How: e.How, Needed: e.Needed, Obtained: e.Obtained, Times: e.Times,
		Access: accessFile{Text: e.Access}, Costs: e.Costs, Conditions: e.Conditions, Topics: e.Topics, Keywords: e.Keywords,
		Contacts: contactsFile{Phone: e.Phone, Email: e.Email}, Deadlines: e.deadlines(), En: e.twin(),
	}
}

// twin is the English of the entry, or nil.
func (e *Entry) twin() *serviceTwin {
	if e.TitleEn == "" && e.SummaryEn == "" {
		return nil
	}
	return &serviceTwin{e.TitleEn, e.SummaryEn}
}

func (e *Entry) deadlines() []deadlineFile {
	list := make([]deadlineFile, len(e.Deadlines))
	for i, d := range e.Deadlines {
		list[i] = deadlineFile(d)
	}
	return list
}

// sheet renders the entry, keeping what it does not speak of.
func (e *Entry) sheet(kept sheet) sheet {
	file := e.file()
	rendered := file.sheet()
	rendered.AccessOnline, rendered.AccessBooking = kept.AccessOnline, kept.AccessBooking
	return rendered
}

// read takes the texts of a rendered sheet back into Markdown.
func (e *Entry) read(s *sheet) {
	e.Addressed, e.How, e.Obtained, e.Times = source(s.Addressed), source(s.How), source(s.Obtained), source(s.Times)
	e.Access, e.Costs, e.Conditions = source(s.Access), source(s.Costs), source(s.Conditions)
	e.Needed, e.Deadlines, e.Phone, e.Email = s.Needed, s.Deadlines, s.Phone, s.Email
}
