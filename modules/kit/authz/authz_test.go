package authz_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

const common = `# what everybody gets
p, citizen, read, sheet
p, citizen, write, review

p, provider, write, sheet
p, city_admin, write, sheet
p, city_admin, invite, membership
`

func load(t *testing.T, texts ...string) *authz.Policy {
	t.Helper()
	p, err := authz.Load(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// actor is somebody who has given what their roles ask for.
func actor(roles ...string) *authz.Actor {
	a := &authz.Actor{Account: uuid.New(), Enrolled: len(roles) > 0, Strong: len(roles) > 0}
	for _, role := range roles {
		a.Memberships = append(a.Memberships, authz.Membership{Role: role, Provider: uuid.New()})
	}
	return a
}

func except(a *authz.Actor, exceptions ...authz.Exception) *authz.Actor {
	other := *a
	other.Exceptions = exceptions
	return &other
}

func TestMay_FollowsTheCommonPolicy(t *testing.T) {
	t.Parallel()
	p := load(t, common, "p, welfare_manager, read, case\n")
	for _, c := range []struct {
		actor      *authz.Actor
		verb, kind string
		want       bool
	}{
		{nil, "read", "sheet", false},
		{actor(), "read", "sheet", true},
		{actor(), "write", "sheet", false},
		{actor(), "read", "nothing", false},
		{actor(), "", "", false},
		{actor(), "READ", "sheet", false},
		{actor(authz.Provider), "write", "sheet", true},
		{actor(authz.Provider), "read", "sheet", true}, // a citizen too
		{actor(authz.Provider), "invite", "membership", false},
		{actor(authz.Provider, authz.CityAdmin), "invite", "membership", true},
		{actor(authz.WelfareManager), "read", "case", true},
		{actor("owner"), "write", "sheet", false},
		{actor("*"), "write", "sheet", false},
		{actor("' || true || '"), "write", "sheet", false},
	} {
		if got := p.May(c.actor, c.verb, c.kind); got != c.want {
			t.Errorf("%+v may %s %s: %v", c.actor, c.verb, c.kind, got)
		}
	}
}

func TestMay_WithoutTheSecondFactorStaffGetNothing(t *testing.T) {
	t.Parallel()
	p := load(t, common)
	for name, a := range map[string]*authz.Actor{
		"staff that has not given it":       {Memberships: []authz.Membership{{Role: authz.CityAdmin}}, Enrolled: true},
		"staff that has none":               {Memberships: []authz.Membership{{Role: authz.CityAdmin}}},
		"a citizen that has not given it":   {Enrolled: true},
		"staff with an exception in favour": {Memberships: []authz.Membership{{Role: authz.Provider}}, Exceptions: []authz.Exception{{Role: authz.Provider, Verb: "read", Kind: "sheet", Effect: "allow"}}},
	} {
		for _, right := range [][2]string{{"read", "sheet"}, {"write", "sheet"}, {"invite", "membership"}} {
			if p.May(a, right[0], right[1]) || len(p.Scopes(a, right[0], right[1])) > 0 {
				t.Errorf("%s may %s %s", name, right[0], right[1])
			}
		}
		if a.Complete() {
			t.Errorf("%s has completed the login", name)
		}
	}
}

func TestMay_ARoleTakenAwayIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	p := load(t, common)
	a := actor(authz.Provider, authz.CityAdmin)
	if !p.May(a, "invite", "membership") {
		t.Fatal("an administrator may not invite")
	}
	a.Memberships = a.Memberships[:1]
	if p.May(a, "invite", "membership") {
		t.Error("the role outlives the membership")
	}
}

func TestMay_ACitysExceptionsAreItsOwn(t *testing.T) {
	t.Parallel()
	p := load(t, common)
	allow := authz.Exception{Role: authz.Provider, Verb: "invite", Kind: "membership", Effect: "allow"}
	deny := authz.Exception{Role: authz.Provider, Verb: "invite", Kind: "membership", Effect: "deny"}
	noWriting := authz.Exception{Role: authz.Provider, Verb: "write", Kind: "sheet", Effect: "deny"}
	a := actor(authz.Provider)
	for _, c := range []struct {
		name       string
		actor      *authz.Actor
		verb, kind string
		want       bool
	}{
		{"what is common", a, "write", "sheet", true},
		{"an allowed exception", except(a, allow), "invite", "membership", true},
		{"beside it all stays", except(a, allow), "write", "sheet", true},
		{"in another city", a, "invite", "membership", false},
		{"a deny beats the common policy", except(a, noWriting), "write", "sheet", false},
		{"a deny beats an allow", except(a, allow, deny), "invite", "membership", false},
		{"in either order", except(a, deny, allow), "invite", "membership", false},
		{"taken back", except(a), "write", "sheet", true},
		{"for another role", except(actor(authz.CityAdmin), noWriting), "write", "sheet", true},
		{"the other role still may", except(actor(authz.Provider, authz.CityAdmin), noWriting), "write", "sheet", true},
		{"for citizens", except(actor(), authz.Exception{Role: authz.Citizen, Verb: "read", Kind: "sheet", Effect: "deny"}), "read", "sheet", false},
		{"an effect nobody knows", except(a, authz.Exception{Role: authz.Provider, Verb: "invite", Kind: "membership", Effect: "perhaps"}), "invite", "membership", false},
	} {
		if got := p.May(c.actor, c.verb, c.kind); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Two cities whose exceptions read alike when run together are still two cities.
func TestMay_ExceptionsAreNotConfused(t *testing.T) {
	t.Parallel()
	p := load(t, common)
	one := except(actor(authz.Provider), authz.Exception{Role: authz.Provider, Verb: "a b", Kind: "c", Effect: "allow"})
	other := except(actor(authz.Provider), authz.Exception{Role: authz.Provider, Verb: "a", Kind: "b c", Effect: "allow"})
	if !p.May(one, "a b", "c") || p.May(one, "a", "b c") || p.May(other, "a b", "c") || !p.May(other, "a", "b c") {
		t.Error("one city's exceptions count in the other")
	}
}

func TestMay_ManyCitiesAtOnce(t *testing.T) {
	t.Parallel()
	p := load(t, common)
	var crowd sync.WaitGroup
	for i := range 4 {
		crowd.Go(func() {
			for n := range 200 { // more cities than are kept
				kind := fmt.Sprintf("kind%d", (n+i)%300)
				a := except(actor(authz.Provider), authz.Exception{Role: authz.Provider, Verb: "write", Kind: kind, Effect: "allow"})
				if !p.May(a, "write", kind) || p.May(a, "write", kind+"x") || !p.May(actor(authz.Provider), "write", "sheet") {
					t.Errorf("wrong for %s", kind)
				}
			}
		})
	}
	crowd.Wait()
}

func TestScopes_AreThoseThatAllowIt(t *testing.T) {
	t.Parallel()
	p := load(t, common)
	a := actor(authz.Provider, authz.WelfareManager, authz.Provider)
	got := p.Scopes(a, "write", "sheet")
	if len(got) != 2 || got[0] != a.Memberships[0] || got[1] != a.Memberships[2] {
		t.Errorf("scopes %v of %v", got, a.Memberships)
	}
	if p.Scopes(a, "read", "sheet") != nil || p.Scopes(nil, "write", "sheet") != nil || p.Scopes(actor(), "read", "sheet") != nil {
		t.Error("what is a citizen's right has no scope")
	}
}

func TestActor_SaysWhoItIs(t *testing.T) {
	t.Parallel()
	var nobody *authz.Actor
	if nobody.Staff() || nobody.Has(authz.CityAdmin) {
		t.Error("nobody is somebody")
	}
	a := actor(authz.Provider)
	if !a.Staff() || !a.Has(authz.Provider) || a.Has(authz.CityAdmin) || a.ID() != "staff:"+a.Account.String() {
		t.Errorf("%+v", a)
	}
}

func TestLoad_RefusesWhatIsNoPolicy(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"three fields":         "p, citizen, read\n",
		"five fields":          "p, citizen, read, sheet, deny\n",
		"a role nobody holds":  "p, owner, read, sheet\n",
		"a role in capitals":   "p, Citizen, read, sheet\n",
		"another kind of line": "g, citizen, city_admin, x\n",
		"a denial":             "deny, citizen, read, sheet\n",
		"no verb":              "p, citizen, , sheet\n",
		"no kind":              "p, citizen, read,\n",
		"an open quote":        "p, citizen, \"read, sheet\n",
		"a quote inside":       "p, citizen, re\"ad, sheet\n",
	} {
		if _, err := authz.Load(common, text); err == nil || !strings.HasPrefix(err.Error(), "policy") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := load(t); p.May(actor(authz.CityAdmin), "read", "sheet") {
		t.Error("without a policy something is allowed")
	}
	if p := load(t, common, common); !p.May(actor(), "read", "sheet") {
		t.Error("a line said twice is not taken")
	}
}

func TestMatrix_IsOneLineForEachRight(t *testing.T) {
	t.Parallel()
	want := []string{"invite membership city_admin", "read sheet citizen", "write review citizen", "write sheet provider city_admin"}
	var got []string
	for line := range strings.Lines(load(t, common).Matrix()) {
		got = append(got, strings.Join(strings.Fields(strings.ReplaceAll(line, "·", "")), " "))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
}
