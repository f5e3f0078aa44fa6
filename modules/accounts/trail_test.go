package accounts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// verbArgument says where the functions that write to the trail take their verb.
var verbArgument = map[string]int{"audit": 3, "auditSelf": 2, "keepFactor": 3, "auditMember": 3}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// writtenVerbs reads from the program's own source every verb that it writes to the trail.
func writtenVerbs(t *testing.T) map[string]string {
	t.Helper()
	verbs := map[string]string{}
	add := func(where string, e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			verb, _ := strconv.Unquote(lit.Value)
			verbs[verb] = where
		}
	}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(source), "udit") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Verb" {
					add(path, n.Value)
				}
			case *ast.CallExpr:
				if i := verbArgument[called(n)]; i > 0 && i < len(n.Args) {
					add(path, n.Args[i])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return verbs
}

func TestTrail_EveryVerbOfTheProgramHasWords(t *testing.T) {
	words, err := ui.Load(ui.Locales, Words)
	if err != nil {
		t.Fatal(err)
	}
	verbs := writtenVerbs(t)
	for _, status := range []tenants.Status{tenants.StatusOpen, tenants.StatusSuspended} {
		verbs[string(status)] = "tenants.SetStatus"
	}
	for _, verb := range []string{"applied", "set", "signed_in", "role_given", "invitation_withdrawn", "factor_enrolled", "member_removed"} {
		if verbs[verb] == "" {
			t.Errorf("the source was not read: no %q", verb)
		}
	}
	for verb, where := range verbs {
		for _, lang := range []string{"it", "en"} {
			if voice := words.For(&tenants.City{}, lang); verb != "" && !voice.Known("accounts.verb."+verb) {
				t.Errorf("%s: %q has no words in %s", where, verb, lang)
			}
		}
	}
}

func TestTrail_SpeaksOfTheCityByItsName(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	city, err := tenants.From(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = w.db.SetStatus(w.ctx, tenants.StatusOpen)
	if err != nil {
		t.Fatal(err)
	}
	page := w.browser().login("elena@comune.example").get("/amministrazione/registro")
	page.wants(t, 200, "Portale aperto", city.Name)
	if strings.Contains(page.text(), city.ID.String()) || regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-`).MatchString(page.text()) {
		t.Error("an id instead of a name")
	}
}
