package programmes

// Status is how a programme stands with those who want to apply.
type Status string

const (
	Open   Status = "open"
	Soon   Status = "soon"
	Closed Status = "closed"
	Always Status = "always" // no term: one may apply at any time
)
