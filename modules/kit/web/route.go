package web

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

// Who says who may knock at a route. What they may do there to a particular thing, the service decides.
type Who struct {
	name       string
	verb, kind string
}

var (
	// Public routes serve bytes that are the same for everyone; no session is looked at.
	Public = Who{name: "public"}
	// Anyone may come; the page knows who is signed in.
	Anyone = Who{name: "anyone"}
	// Halfway is for people whose password was right and whose second factor is still to come.
	Halfway = Who{name: "halfway"}
	// SignedIn needs a complete login: for staff, with the second factor.
	SignedIn = Who{name: "signed in"}
)

// May needs a role that allows verb on kind in the city's policy.
func May(verb, kind string) Who { return Who{name: "may", verb: verb, kind: kind} }

// String is how `welfarex routes` prints it.
func (w Who) String() string {
	if w.name == "may" {
		return fmt.Sprintf("may %s %s", w.verb, w.kind)
	}
	return w.name
}

// Roles are those that the common policy lets in, where a role is asked for.
func (w Who) Roles(p *authz.Policy) []string {
	var roles []string
	for _, role := range authz.Roles {
		someone := &authz.Actor{Strong: true}
		if role != authz.Citizen {
			someone.Memberships = []authz.Membership{{Role: role}}
		}
		if w.verb != "" && p.May(someone, w.verb, w.kind) {
			roles = append(roles, role)
		}
	}
	return roles
}

// Class says whose data a route shows: the isolation suite generates its attacks by it.
type Class string

const (
	Portal   Class = "portal"   // what every visitor of this city may see
	Own      Class = "own"      // the signed-in person's own
	Office   Class = "office"   // the city's staff
	Provider Class = "provider" // one provider's staff
	Machine  Class = "machine"  // health, robots, assets
)

// Route is one row of the program's manifest: the server, `welfarex routes` and the isolation suite all read it.
type Route struct {
	Method string
	Path   string // Italian, fiber's pattern; the English twin is the same under /en
	About  string // one sentence
	Who    Who
	Class  Class
	Params map[string]string // path parameter → entity: "slug" → "service"
	Query  []string          // query parameters it understands
	Upload int               // bytes that a posted form with a file may have; all other requests have 1 MB
	Form   []string          // fields it takes, for the suite's mass-assignment and foreign-id cases
	Cached bool              // an anonymous GET may be answered from memory, per city and version
	Bare   bool              // no English twin (sitemap, media)
	Signed bool              // posted by another server, which proves itself by a signature: no check of where a form comes from
	Handle func(*Request) error

	// Of the rows that Operation makes:
	Scope   string            // what a program's key must hold; "" needs no key
	Creates bool              // answers 201
	Again   bool              // a POST that does nothing more the second time: it asks for no Idempotency-Key
	JSON    bool              // Form names the properties of a JSON body; whoever asks is known by a key
	Types   map[string]string // of those properties: string, integer, boolean, array
	Matches bool              // takes If-Match

	register func(huma.API)
}
