package publishing

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// State is where a version of a service stands between its provider and the municipality.
type State string

// The states of a version. Draft, Submitted and Returned are open: a service has one such version at most.
const (
	Draft     State = "draft"
	Submitted State = "submitted"
	Returned  State = "returned"
	Approved  State = "approved"
	Discarded State = "discarded"
)

// Version is a service as its provider wants it.
type Version struct {
	ID        uuid.UUID
	Service   uuid.UUID
	Provider  uuid.UUID
	Number    int
	State     State
	Revision  int // counts changes, so that a form that is out of date is known
	Content   Content
	Authors   []uuid.UUID
	Reason    string   // why it was sent back last
	Seen      *Content // what was sent back last; nil if nothing was
	Updated   time.Time
	Submitted time.Time
}

// Refusals a person can be told about.
var (
	ErrStale        = problem.New(problem.Conflict, "publishing.stale")
	ErrWaiting      = problem.New(problem.Conflict, "publishing.waiting")
	ErrNotWaiting   = problem.New(problem.Conflict, "publishing.not_waiting")
	ErrOwn          = problem.New(problem.Conflict, "publishing.own")
	ErrIncomplete   = problem.New(problem.Conflict, "publishing.incomplete")
	ErrUnaccredited = problem.New(problem.Conflict, "publishing.unaccredited")
	ErrHidden       = problem.New(problem.Conflict, "publishing.hidden")
)

//words: publishing.stale publishing.waiting publishing.not_waiting publishing.own publishing.incomplete publishing.unaccredited publishing.hidden
//words: publishing.reason.missing publishing.reason.long

// Editable says whether its provider can still write in it.
func (v *Version) Editable() bool { return v.State == Draft || v.State == Returned }

// current refuses a change that was decided in view of an older state.
func (v *Version) current(revision int) error {
	if v.Revision != revision {
		return ErrStale
	}
	return nil
}

// change opens the version for its provider's staff; what was sent back becomes a draft again.
func (v *Version) change(author uuid.UUID, revision int, now time.Time) error {
	if !v.Editable() {
		return ErrWaiting
	}
	if err := v.current(revision); err != nil {
		return err
	}
	v.State = Draft
	v.touch(now)
	v.sign(author)
	return nil
}

func (v *Version) touch(now time.Time) {
	v.Revision++
	v.Updated = now
}

// sign remembers who had a hand in it.
func (v *Version) sign(author uuid.UUID) {
	if !slices.Contains(v.Authors, author) {
		v.Authors = append(v.Authors, author)
	}
}

// submit hands the version over.
func (v *Version) submit(author uuid.UUID, revision int, now time.Time) error {
	if !v.Editable() {
		return ErrWaiting
	}
	if err := v.current(revision); err != nil {
		return err
	}
	v.State, v.Submitted = Submitted, now
	v.touch(now)
	v.sign(author)
	return nil
}

// withdraw takes a version back before it was decided on.
func (v *Version) withdraw(now time.Time) error {
	if v.State != Submitted {
		return ErrNotWaiting
	}
	v.State, v.Submitted = Draft, time.Time{}
	v.touch(now)
	return nil
}

// decide ends the waiting, for what the decider has seen.
func (v *Version) decide(state State, reason string, revision int, now time.Time) error {
	if v.State != Submitted {
		return ErrNotWaiting
	}
	if err := v.current(revision); err != nil {
		return err
	}
	v.State, v.Reason = state, reason
	if state == Returned {
		seen := v.Content
		v.Seen = &seen
	}
	v.touch(now)
	return nil
}

// discard ends a draft that nobody wants any more.
func (v *Version) discard(revision int, now time.Time) error {
	if !v.Editable() {
		return ErrWaiting
	}
	if err := v.current(revision); err != nil {
		return err
	}
	v.State = Discarded
	v.touch(now)
	return nil
}

// longestReason bounds what a decider writes.
const longestReason = 2000

func checkReason(reason string) error {
	var f problem.Fields
	f.Check(strings.TrimSpace(reason) != "", "reason", "publishing.reason.missing")
	f.Check(utf8.RuneCountInString(reason) <= longestReason, "reason", "publishing.reason.long")
	return f.Err()
}

// Event is something that happened to a service on its way.
type Event struct {
	ID       uuid.UUID
	Service  uuid.UUID
	Provider uuid.UUID
	Number   int // of the version; 0 = the service itself
	Verb     string
	Account  uuid.UUID // uuid.Nil = the program
	Name     string    // of the account
	Reason   string
	At       time.Time
}

// What can happen.
const (
	begun       = "begun"
	submitted   = "submitted"
	withdrawn   = "withdrawn"
	returned    = "returned"
	approved    = "approved"
	discarded   = "discarded"
	unpublished = "unpublished"
	lapsed      = "lapsed" // a needed accreditation no longer holds
)
