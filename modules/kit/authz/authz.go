// Package authz answers the second question of authority: may my role do this kind of thing here? The first, does this row
// exist for me, is PostgreSQL's; the third, may I do it to this one now, is each module's policy.go.
package authz

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Roles. Citizen is everyone who is signed in; the others are memberships.
const (
	Citizen        = "citizen"
	Provider       = "provider"
	WelfareManager = "welfare_manager"
	Municipality   = "municipality"
	CityAdmin      = "city_admin"
)

// Roles lists them all, in the order in which the matrix is printed.
var Roles = []string{Citizen, Provider, WelfareManager, Municipality, CityAdmin}

// Membership is a role within a scope: one provider, one office, or (neither) the whole city.
type Membership struct {
	Role     string
	Provider uuid.UUID
	Office   uuid.UUID
}

// Actor is the person of a request, with the roles the database gave with this very request.
type Actor struct {
	Account     uuid.UUID
	Session     uuid.UUID
	Name        string
	Email       string
	Language    string
	Memberships []Membership
	Enrolled    bool        // has a second factor
	Strong      bool        // has given it in this session
	Exceptions  []Exception // of the city, read with the request
	Scopes      []string    // of the key with which a program acts for the person; nil for a browser
}

// Exception is a city's deviation from the common policy.
type Exception struct{ Role, Verb, Kind, Effect string }

// ID is the actor as the audit trail names it, which keeps whether they were staff at that time.
func (a *Actor) ID() string { return TrailID(a.Account, a.Staff()) }

// TrailID is how the audit trail names an account that acts: those who hold a role stand in it by name, citizens do not.
func TrailID(account uuid.UUID, staff bool) string {
	if staff {
		return "staff:" + account.String()
	}
	return "account:" + account.String()
}

// Staff says whether the actor holds any role but citizen; staff need their second factor.
func (a *Actor) Staff() bool { return a != nil && len(a.Memberships) > 0 }

// Complete says whether the login is: staff, and whoever chose a second factor, have given it.
func (a *Actor) Complete() bool { return a.Strong || !a.Staff() && !a.Enrolled }

// Has says whether the actor holds role.
func (a *Actor) Has(role string) bool {
	return a != nil && slices.ContainsFunc(a.Memberships, func(m Membership) bool { return m.Role == role })
}

// Policy is the common policy of all cities and, on demand, that of a city with exceptions.
type Policy struct {
	rules  [][]string
	common *casbin.Enforcer

	mu      sync.Mutex
	special map[string]*casbin.Enforcer // by the exceptions themselves, so that a stale one is never asked
}

//go:embed model.conf
var modelConf string

// Load joins the policy.csv of every module: lines of `p, role, verb, kind`.
func Load(policies ...string) (*Policy, error) {
	p := &Policy{special: map[string]*casbin.Enforcer{}}
	for _, text := range policies {
		r := csv.NewReader(strings.NewReader(text))
		r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, 4
		for {
			line, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("policy: %w", err)
			}
			if line[0] != "p" || slices.Contains(line, "") {
				return nil, fmt.Errorf("policy: %q is not `p, role, verb, kind`", line)
			}
			if !slices.Contains(Roles, line[1]) {
				return nil, fmt.Errorf("policy: no role %q", line[1])
			}
			p.rules = append(p.rules, []string{line[1], line[2], line[3], "allow"})
		}
	}
	var err error
	p.common, err = p.enforcer(nil)
	return p, err
}

func (p *Policy) enforcer(exceptions []Exception) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(modelConf)
	if err != nil {
		return nil, fmt.Errorf("policy model: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	e.EnableLog(false)
	rules := slices.Clone(p.rules)
	for _, x := range exceptions {
		rules = append(rules, []string{x.Role, x.Verb, x.Kind, x.Effect})
	}
	if _, err := e.AddPoliciesEx(rules); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return e, nil
}

// keptSpecial bounds how many cities' own enforcers stay in memory; one is rebuilt in a fraction of a millisecond.
const keptSpecial = 256

func (p *Policy) of(exceptions []Exception) *casbin.Enforcer {
	if len(exceptions) == 0 {
		return p.common
	}
	key := fmt.Sprintf("%q", exceptions) // quoted, so that no two lists of exceptions look alike
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.special[key]; ok {
		return e
	}
	if len(p.special) >= keptSpecial {
		clear(p.special)
	}
	e, err := p.enforcer(exceptions)
	if err != nil {
		return nil // nobody may do anything under a policy that cannot be read
	}
	p.special[key] = e
	return e
}

// May says whether one of the actor's roles allows verb on kind. Before their login is complete nobody may do anything.
func (p *Policy) May(a *Actor, verb, kind string) bool {
	if a == nil || !a.Complete() {
		return false
	}
	e := p.of(a.Exceptions)
	return allows(e, Citizen, verb, kind) || len(p.allowing(e, a, verb, kind)) > 0
}

// Allow is May for a use case: nobody is asked to log in, and who may not is refused. Errors: problem.ErrUnauthenticated, problem.ErrForbidden.
func (p *Policy) Allow(a *Actor, verb, kind string) error {
	switch {
	case a == nil:
		return problem.ErrUnauthenticated
	case !p.May(a, verb, kind):
		return problem.ErrForbidden
	}
	return nil
}

// Scopes gives the memberships by which the actor may do verb on kind: the caller compares their scope with the thing at hand.
func (p *Policy) Scopes(a *Actor, verb, kind string) []Membership {
	if a == nil {
		return nil
	}
	return p.allowing(p.of(a.Exceptions), a, verb, kind)
}

func (p *Policy) allowing(e *casbin.Enforcer, a *Actor, verb, kind string) []Membership {
	if !a.Strong {
		return nil
	}
	var scopes []Membership
	for _, m := range a.Memberships {
		if allows(e, m.Role, verb, kind) {
			scopes = append(scopes, m)
		}
	}
	return scopes
}

func allows(e *casbin.Enforcer, role, verb, kind string) bool {
	if e == nil {
		return false
	}
	ok, err := e.Enforce(role, verb, kind)
	return ok && err == nil
}

// Matrix prints roles × verbs, one verb and kind a line: the golden test's readable diff.
func (p *Policy) Matrix() string {
	var lines []string
	for _, r := range p.rules {
		line := fmt.Sprintf("%-12s %-22s", r[1], r[2])
		for _, role := range Roles {
			mark := "·"
			if allows(p.common, role, r[1], r[2]) {
				mark = role
			}
			line += fmt.Sprintf(" %-15s", mark)
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}
