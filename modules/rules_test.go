package modules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const house = "github.com/welfarex/welfarex/"

// edges are the features that may know one another's types and services. Whoever is not on the list talks by events, or by a small
// interface that cmd satisfies.
var edges = map[string][]string{
	"catalogue":  {"places", "programmes"}, // an access point, a neighbourhood on a sheet; programmes found by a search
	"programmes": {"places"},               // the office that runs a programme
	"payments":   {"ledger"},               // what was paid and given back
	"orders":     {"accounts", "catalogue", "ledger", "payments"},
	"portal":     {"catalogue", "places", "programmes"}, // the home shows something of each
	"publishing": {"catalogue"},                         // drafts become services
}

// tables are whose they are. A module writes its own alone.
var tables = map[string][]string{
	"tenants":    {"cities", "hosts", "secrets", "audit_entries", "audit_heads"},
	"kit/files":  {"files"},
	"kit/once":   {"answers"},
	"accounts":   {"accounts", "memberships", "sessions", "tokens", "recovery_codes", "acceptances", "household_members", "throttles", "policy_exceptions"},
	"catalogue":  {"needs", "categories", "synonyms", "providers", "services"},
	"places":     {"offices", "neighbourhoods", "waters", "access_points"},
	"programmes": {"programmes"},
	"portal":     {"pages"},
	"payments":   {"payments", "payment_notices", "refunds", "rail_comparisons", "rail_findings"},
	"orders":     {"baskets", "basket_lines", "order_numbers", "orders", "order_parts", "order_lines", "order_deliveries", "order_messages"},
	"ledger":     {"ledger_accounts", "ledger_transfers", "ledger_entries", "ledger_outcomes", "ledger_posted"},
	"publishing": {"service_versions", "service_events", "service_files", "accreditation_notices"},
}

// reads are other modules' tables that a module joins, so that a page stays one round trip.
var reads = map[string][]string{
	"accounts":   {"providers", "offices", "audit_entries", "pages"}, // scopes by name, the trail, the version of the terms one accepts
	"catalogue":  {"offices", "neighbourhoods"},
	"programmes": {"offices"},
	"ledger":     {"providers"},                         // whose statement it is
	"orders":     {"services", "providers", "accounts"}, // what is sold by whom, and who gets mail
	"publishing": {"accounts", "memberships"},           // who did what, and to whom letters go
	"portal":     {"audit_entries"},                     // when the city last changed, for /status
}

// storage is where rows are read and written; a service besides puts together the batch that is a page's one round trip.
var storage = []string{
	"tenants/*", "migrations/*", "*/store.go", "*/store_*.go", "modules/catalogue/front.go", "modules/kit/jobs/*", "modules/kit/local/*",
	"modules/kit/testkit/*", "cmd/*",
}

// addresses are where a technology lives; nobody else imports it. A place is a file's path, or how it begins or ends.
var addresses = map[string][]string{
	"github.com/gofiber/fiber":           {"modules/kit/web/*", "cmd/*"},
	"github.com/valyala/fasthttp":        {"modules/kit/web/*", "cmd/bench/*"},
	"github.com/jackc/pgx":               append([]string{"modules/*/service.go", "modules/*/service_steps.go"}, storage...),
	"github.com/uptrace/bun":             {"tenants/*", "migrations/*", "*/store.go", "*/store_*.go"},
	"database/sql":                       {"tenants/*", "migrations/*", "*/store.go", "*/store_*.go", "cmd/*"},
	"github.com/casbin/casbin":           {"modules/kit/authz/*"},
	"github.com/minio/minio-go":          {"modules/kit/files/*", "modules/kit/local/*"},
	"github.com/pdfcpu/pdfcpu":           {"modules/kit/files/*"},
	"golang.org/x/image":                 {"modules/kit/files/*"},
	"github.com/riverqueue/river":        {"modules/kit/jobs/*", "migrations/*"},
	"github.com/wneessen/go-mail":        {"modules/kit/mail/*"},
	"github.com/yuin/goldmark":           {"modules/kit/prose/*"},
	"github.com/microcosm-cc/bluemonday": {"modules/kit/prose/*"},
	"github.com/go-playground/validator": {"tenants/*", "modules/portal/folder.go"},
	"github.com/versity/versitygw":       {"modules/kit/local/*"},
	"github.com/emersion":                {"modules/kit/local/*"},
	"github.com/stripe/stripe-go":        {"modules/payments/card*.go"},
	"github.com/danielgtaylor/huma":      {"modules/kit/web/*"},
	"github.com/alecthomas/kong":         {"cmd/*"},
	"github.com/chromedp":                {"cmd/*"},
	"os/exec":                            {"modules/kit/pdf/*", "modules/kit/local/*", "cmd/*"},
	"html/template":                      {"modules/kit/local/*"}, // pages are templ
	"text/template":                      {},
	"net/http/httputil":                  {},
	"math/rand":                          {"cmd/bench/*", "cmd/attack/*", "cmd/kill/*"}, // ids and tokens are not guessed
}

// places are the only files in which something may be said.
var places = []struct {
	what  string
	say   *regexp.Regexp // a selector as it is written, or a text
	files []string
}{
	{"a transaction is begun in tenants alone; elsewhere DB.Tx", regexp.MustCompile(`\.(BeginTx|RunInTx|BeginFunc|BeginTxFunc|Begin)$`), []string{"tenants/db.go", "tenants/work.go", "cmd/bench/*"}},
	{"only the door says which city a connection works for", regexp.MustCompile(`app\.tenant|(?i)\bset\s+(local|session)\b|\bset_config\b`), []string{"tenants/work.go", "tenants/db.go", "cmd/bench/*"}},
	{"a city is entered at the door, by the queue, or by a command", regexp.MustCompile(`^tenants\.With$`), []string{"modules/kit/web/*", "modules/kit/jobs/*", "modules/kit/testkit/*", "cmd/*"}},
	{"a connection without a city is for the queue and for health", regexp.MustCompile(`^(db|DB)\.(SQL|Pool)$`), []string{"tenants/*", "modules/kit/jobs/*", "modules/kit/testkit/*", "cmd/*"}},
	{"a service knows of pgx the batch alone", regexp.MustCompile(`^pgx\.([^B]|B[^a]|Begin)`), storage},
	{"the time is injected", regexp.MustCompile(`^time\.(Now|Since|Until)$`), []string{"modules/*/module.go", "modules/kit/web/*", "modules/kit/local/*", "modules/kit/testkit/*", "cmd/*"}},
	{"a unique job is unique for all cities at once", regexp.MustCompile(`UniqueOpts`), nil},
	{"a store never writes tenant_id: the column's default does", regexp.MustCompile(`(?i)insert into \w+ \([^)]*\btenant_id\b|\bset\s+tenant_id\b`), nil},
	{"a use case works within its request or job", regexp.MustCompile(`^context\.(Background|TODO)$`), []string{"modules/kit/web/server.go", "modules/kit/local/*", "modules/kit/testkit/*", "modules/accounts/passwords.go", "cmd/*"}},
}

// source is one file of the tree, without tests.
type source struct {
	path string
	ast  *ast.File
}

func TestRules(t *testing.T) {
	t.Parallel()
	sources := tree(t)
	if len(sources) < 60 {
		t.Fatalf("only %d files: are the tests run from their folder?", len(sources))
	}
	for _, line := range broken(sources) {
		t.Error(line)
	}
}

// TestRules_SeeAPlantedFault shows that each rule can fail.
func TestRules_SeeAPlantedFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, text, want string }{
		{"modules/places/x.go", `import _ "github.com/welfarex/welfarex/modules/accounts"`, "add the edge here"},
		{"modules/kit/files/x.go", `import _ "github.com/welfarex/welfarex/modules/catalogue"`, "kit imports no feature"},
		{"modules/kit/web/x.go", `import _ "github.com/welfarex/welfarex/modules"`, "kit imports no feature"},
		{"tenants/x.go", `import _ "github.com/welfarex/welfarex/modules/kit/ui"`, "tenants imports nothing of the house"},
		{"migrations/x.go", `import _ "github.com/welfarex/welfarex/tenants"`, "migrations imports nothing of the house"},
		{"modules/places/x.go", `import _ "github.com/welfarex/welfarex/cmd/welfarex"`, "nothing imports cmd"},
		{"modules/places/x.go", `import _ "github.com/welfarex/welfarex/migrations"`, "features import"},
		{"modules/places/x.go", `import _ "github.com/welfarex/welfarex/modules/kit/testkit"`, "testkit is for tests"},
		{"modules/places/pages.go", `import _ "github.com/gofiber/fiber/v2"`, "github.com/gofiber/fiber lives in"},
		{"modules/places/pages.go", `import _ "github.com/jackc/pgx/v5"`, "github.com/jackc/pgx lives in"},
		{"modules/places/service.go", "func f(row pgx.Row) {}", "the batch alone"},
		{"modules/places/x.go", `import _ "github.com/casbin/casbin/v2"`, "github.com/casbin/casbin lives in"},
		{"modules/places/store.go", "func f() { db.BeginTx(nil) }", "begun in tenants alone"},
		{"modules/places/store.go", "func f() { tx.Begin() }", "begun in tenants alone"},
		{"modules/places/store.go", "const q = `SELECT set_config('app.tenant', $1, false)`", "only the door says"},
		{"modules/places/store.go", "func f() { db.Pool().Exec() }", "connection without a city"},
		{"modules/places/service.go", "func f() { tenants.With(nil, nil) }", "a city is entered"},
		{"modules/places/model.go", "func f() { time.Now() }", "time is injected"},
		{"modules/places/model.go", "var now = time.Now", "time is injected"},
		{"modules/places/jobs.go", "var x = jobs.UniqueOpts{}", "unique for all cities"},
		{"modules/places/store.go", "const q = `INSERT INTO offices (tenant_id, id) VALUES ($1, $2)`", "never writes tenant_id"},
		{"modules/places/service.go", "func f() { context.Background() }", "within its request"},
		{"modules/places/store.go", "const q = `SELECT id FROM accounts WHERE id = $1`", "reads accounts, which is accounts'"},
		{"modules/catalogue/store.go", "const q = `UPDATE offices SET name = $1`", "writes offices, which is places'"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), c.path, "package x\n"+c.text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := broken([]source{{c.path, file}}); !slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, c.want) }) {
			t.Errorf("%s with %s: %q, want %q", c.path, c.text, found, c.want)
		}
	}
}

func broken(sources []source) []string {
	var found []string
	for _, s := range sources {
		for _, i := range s.ast.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if ours, ok := strings.CutPrefix(name, house); ok {
				found = append(found, s.wrongImport(ours)...)
			} else {
				found = append(found, s.wrongAddress(name)...)
			}
		}
		found = append(found, s.wrongWords()...)
	}
	return found
}

// layer is tenants, migrations, kit, cmd, modules (the type Module) or the name of a feature; rest is what follows "kit/".
func layer(folder string) (name, rest string) {
	first, after, _ := strings.Cut(folder, "/")
	if first != "modules" || after == "" {
		return first, after
	}
	name, rest, _ = strings.Cut(after, "/")
	return name, rest
}

func (s source) wrongImport(ours string) []string {
	here, _ := layer(path.Dir(s.path))
	there, part := layer(ours)
	say := func(why string) []string { return []string{fmt.Sprintf("%s imports %s: %s", s.path, ours, why)} }
	switch {
	case here == there || here == "cmd":
	case there == "cmd":
		return say("nothing imports cmd")
	case here == "tenants", here == "migrations":
		return say(here + " imports nothing of the house")
	case there == "kit" && part == "testkit":
		return say("testkit is for tests")
	case there == "tenants", there == "kit":
	case here == "kit" && there == "migrations" && strings.HasPrefix(s.path, "modules/kit/testkit/"):
	case here == "modules", here == "kit":
		return say("kit imports no feature")
	case there == "migrations":
		return say("features import tenants, kit, and what the list of edges says")
	case there == "modules":
	case !slices.Contains(edges[here], there):
		return say("add the edge here if you mean it (edges in modules/rules_test.go)")
	}
	return nil
}

func (s source) wrongAddress(name string) []string {
	for technology, where := range addresses {
		if (name == technology || strings.HasPrefix(name, technology+"/")) && !standsIn(s.path, where) {
			return []string{fmt.Sprintf("%s imports %s: %s lives in %v", s.path, name, technology, where)}
		}
	}
	return nil
}

// standsIn says whether a path fits one of the patterns; * stands for anything, slashes too.
func standsIn(file string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		compiled, known := globs.Load(p)
		if !known {
			compiled, _ = globs.LoadOrStore(p, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*")+"$"))
		}
		return compiled.(*regexp.Regexp).MatchString(file)
	})
}

var globs sync.Map // pattern → *regexp.Regexp

var statement = regexp.MustCompile(`\b(FROM|JOIN|INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)\b`)

func (s source) wrongWords() []string {
	var found []string
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = append(found, s.wrongPlace(written(n.X)+"."+n.Sel.Name)...)
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && len(text) > 8 && !strings.HasSuffix(s.path, "_templ.go") {
				found = append(append(found, s.wrongPlace(text)...), s.wrongTable(text)...)
			}
		}
		return true
	})
	return found
}

// written is the last name of an expression: "db" of s.db.
func written(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return "…"
}

// something is what any of places speaks of: most of what is said, none does.
var something = func() *regexp.Regexp {
	var all []string
	for _, p := range places {
		all = append(all, p.say.String())
	}
	return regexp.MustCompile(strings.Join(all, "|"))
}()

func (s source) wrongPlace(said string) []string {
	var found []string
	if !something.MatchString(said) {
		return nil
	}
	for _, p := range places {
		if p.say.MatchString(said) && !standsIn(s.path, p.files) {
			found = append(found, fmt.Sprintf("%s says %.60q: %s", s.path, said, p.what))
		}
	}
	return found
}

// wrongTable looks for other modules' tables in the SQL of a module.
func (s source) wrongTable(text string) []string {
	here, rest := layer(path.Dir(s.path))
	if here == "kit" {
		here = "kit/" + rest
	}
	if here == "cmd" || here == "tenants" || here == "kit/testkit" {
		return nil
	}
	var found []string
	for _, m := range statement.FindAllStringSubmatch(text, -1) {
		verb, table := m[1], m[2]
		for owner, theirs := range tables {
			if owner == here || !slices.Contains(theirs, table) {
				continue
			}
			if verb != "FROM" && verb != "JOIN" {
				found = append(found, fmt.Sprintf("%s writes %s, which is %s'", s.path, table, owner))
			} else if !slices.Contains(reads[here], table) {
				found = append(found, fmt.Sprintf("%s reads %s, which is %s': add it to reads if a page needs it in its one round trip", s.path, table, owner))
			}
		}
	}
	return found
}

func tree(t *testing.T) []source {
	t.Helper()
	var sources []source
	for _, folder := range []string{"tenants", "migrations", "modules", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, raw, parser.SkipObjectResolution)
			sources = append(sources, source{strings.TrimPrefix(filepath.ToSlash(name), "../"), file})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return sources
}
