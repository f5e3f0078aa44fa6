package attacks

import (
	"slices"
	"strings"
)

// Person is someone who asks. Session is the cookie's value, "" for a visitor.
type Person struct {
	Name    string // as reports speak of them: "citizen", "another provider's", …
	Role    string // as in the policy; "" for a visitor
	Half    bool   // the password was right, the second factor is still to come
	Session string
	Key     string // of a program that acts for them
	Known   string // the name that pages greet them by, in lower case; no visitor may see it
}

// Visitor is nobody in particular.
var Visitor = Person{Name: "visitor"}

// IDs are the identifiers of one kind of thing, as one person sees them.
type IDs struct {
	Own     string // a thing of the person, or of the person's city
	Others  string // a thing of somebody else in the same city; "" if such things belong to nobody
	Foreign string // a thing of another city
	MadeUp  string // a thing of nobody: as long as Foreign and of the same shape
}

// City is what the attacker knows of one city.
type City struct {
	Slug   string
	Host   string // without port
	Base   string // scheme, host and port
	People []Person
	Marks  []string // texts in lower case that only this city's data can hold
}

// Person gives the city's person of that name.
func (c *City) Person(name string) Person {
	i := slices.IndexFunc(c.People, func(p Person) bool { return p.Name == name })
	if i < 0 {
		panic("no such person: " + name)
	}
	return c.People[i]
}

// gate is what stands between a person and a route.
type gate int

const (
	open      gate = iota
	loginWall      // sent to log in
	codeWall       // sent to give the second factor
	keyWall        // a program without a key that holds
	forbidden      // a role that may not
)

// gateFor applies the manifest's who to a person.
func gateFor(r Route, p Person) gate {
	switch {
	case r.JSON && p.Half && p.Key != "": // one that does not hold
		return keyWall
	case r.JSON && r.Who == "anyone":
		return open
	case r.JSON && p.Key == "":
		return keyWall
	case r.Who == "public" || r.Who == "anyone":
		return open
	case p.Role == "":
		return loginWall
	case r.Who == "halfway":
		return open
	case p.Half:
		return codeWall
	case r.Who == "signed in" || slices.Contains(r.Roles, "citizen") || slices.Contains(r.Roles, p.Role):
		return open
	}
	return forbidden
}

// few are the people between whom a route can tell: where no role is asked for, one of each kind is enough.
func (w *World) few(r Route) []Person {
	if strings.HasPrefix(r.Who, "may ") {
		return w.City.People
	}
	return []Person{w.City.Person(Visitor.Name), w.City.Person("citizen"), w.City.Person("city_admin"), w.City.Person("halfway")}
}
