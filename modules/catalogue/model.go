package catalogue

// Status says whether a service can be obtained today.
type Status string

// An inactive service says why.
const (
	Active   Status = "active"
	Inactive Status = "inactive"
)

// PriceKind says what a price depends on.
type PriceKind string

// The kinds of prices, as a city's folder names them.
const (
	Free   PriceKind = "free"
	Fixed  PriceKind = "fixed"
	From   PriceKind = "from"
	ByISEE PriceKind = "isee"
)

// sheet is the part of a service that only its own page shows. Its texts are HTML, sanitised when the folder was applied.
type sheet struct {
	Addressed     string     `json:"addressed"`
	How           string     `json:"how"`
	Needed        []string   `json:"needed"`
	Obtained      string     `json:"obtained"`
	Times         string     `json:"times"`
	Deadlines     []deadline `json:"deadlines,omitempty"`
	Access        string     `json:"access"`
	AccessOnline  bool       `json:"access_online,omitempty"`
	AccessBooking bool       `json:"access_booking,omitempty"`
	Costs         string     `json:"costs,omitempty"`
	Conditions    string     `json:"conditions"`
	Phone         string     `json:"phone,omitempty"`
	Email         string     `json:"email,omitempty"`
}

type deadline struct {
	Date  string `json:"date"` // 2006-01-02
	Label string `json:"label"`
}

// accreditation is an entry in the city's register of those who may deliver.
type accreditation struct {
	Area string `yaml:"area" json:"area" validate:"required"`
	Act  string `yaml:"act" json:"act" validate:"required"`
	From string `yaml:"from" json:"from" validate:"required,date"`
	To   string `yaml:"to" json:"to" validate:"required,date"`
}

// serviceTwin is the English of a service; what is empty is shown in Italian.
type serviceTwin struct {
	Title   string `yaml:"title" json:"title,omitempty"`
	Summary string `yaml:"summary" json:"summary,omitempty"`
}
