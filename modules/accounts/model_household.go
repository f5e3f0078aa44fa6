package accounts

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Relation is why somebody may act for another person.
type Relation string

// The relations. A parent's ends when the child comes of age; the other two rest on a document.
const (
	Parent   Relation = "parent"
	Guardian Relation = "guardian" // a guardian, or whom a judge named to support the person
	Delegate Relation = "delegate"
)

// Relations lists them all, in the order in which a form asks.
var Relations = []Relation{Parent, Guardian, Delegate}

// Member is a person whom an account may act for.
type Member struct {
	ID         uuid.UUID
	Name       string
	Born       time.Time // midnight UTC
	FiscalCode string    // or ""
	Relation   Relation
	Added      time.Time
	Act        uuid.UUID // the document of a guardian or a delegate; uuid.Nil as long as there is none
	ActAdded   time.Time
}

// Rests says whether acting for the person rests on a document.
func (m Member) Rests() bool { return m.Relation != Parent }

// proves says whether the member's document still serves, once this is said of them: it is about one person and one relation.
func (m Member) proves(p MemberProfile) bool {
	return m.Rests() && p.Relation == m.Relation && p.FiscalCode == m.FiscalCode
}

// adult says whether a person born that day has come of age.
func adult(born, today time.Time) bool { return !today.Before(born.AddDate(18, 0, 0)) }

// Lapsed says whether a parent's child has come of age: nobody acts for them any more until they delegate.
func (m Member) Lapsed(today time.Time) bool { return m.Relation == Parent && adult(m.Born, today) }

// Refusals of a household.
var (
	ErrHouseholdFull = problem.New(problem.Conflict, "accounts.household.full")
	ErrMemberKnown   = problem.New(problem.Conflict, "accounts.household.known")
	ErrMemberSelf    = problem.New(problem.Invalid, "accounts.household.self")
)

//words: accounts.household.full accounts.household.known accounts.household.self
//words: accounts.born.missing accounts.household.not_minor accounts.household.relation_missing

// largestHousehold is more than any family, and bounds every page that lists one.
const largestHousehold = 20

// MemberProfile is what one says of a person one acts for; the codice fiscale may come later.
type MemberProfile struct {
	Name, FiscalCode string
	Born             time.Time
	BornWrong        bool // something was typed that is no date
	Relation         Relation
}

func (p MemberProfile) check(today time.Time) error {
	var f problem.Fields
	checkName(&f, p.Name)
	known := !p.Born.IsZero() || p.BornWrong
	f.Check(known, "born", "accounts.born.missing")
	right := known && checkBorn(&f, p.Born, p.BornWrong, today)
	checkFiscalCode(&f, p.FiscalCode, p.Born, right, today)
	f.Check(slices.Contains(Relations, p.Relation), "relation", "accounts.household.relation_missing")
	f.Check(!right || p.Relation != Parent || !adult(p.Born, today), "relation", "accounts.household.not_minor")
	return f.Err()
}

// fits refuses whoever is the account's own person, or one of the others.
func (p MemberProfile) fits(account *Account, others []Member) error {
	switch {
	case p.FiscalCode == "":
		return nil
	case p.FiscalCode == account.FiscalCode:
		return at("fiscal_code", ErrMemberSelf)
	case slices.ContainsFunc(others, func(m Member) bool { return m.FiscalCode == p.FiscalCode }):
		return at("fiscal_code", ErrMemberKnown)
	}
	return nil
}
