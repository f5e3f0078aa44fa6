package attacks

import (
	"net/http"
	"regexp"
)

// Away asks for addresses that a careless page would turn into a way to another site.
func (w *World) Away() []Case {
	var cases []Case
	route := Route{Method: http.MethodGet, Path: "*", Who: "anyone", Class: "portal"}
	for _, name := range []string{Visitor.Name, "citizen", "halfway"} {
		for _, path := range []string{
			"//evil.example/", "//evil.example/%2f..", "///evil.example", "/%2fevil.example/", "/%5cevil.example/", "/en//evil.example/", "/en/%2fevil.example", "/en/%5cevil.example",
			"/%09/evil.example", "/.//evil.example", "/servizi//evil.example", "/area-personale//evil.example", "/%0d%0aLocation:%20https://evil.example",
			"/accedi?poi=//evil.example", "/accedi?poi=https://evil.example", "/accedi?poi=/%5cevil.example", "/accedi?poi=%09//evil.example", "/accedi?poi=javascript:alert(1)",
			"/area-personale?poi=//evil.example", "/?fatto=//evil.example", "/?lang=//evil.example",
		} {
			for _, prefix := range []string{"", "/en"} {
				c := w.as(route, w.City.Person(name), "ways to another site", "odd address", http.MethodGet, prefix+path)
				c.Want = []int{http.StatusOK, http.StatusSeeOther, http.StatusNotFound, http.StatusBadRequest}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// away finds a link in a page that a browser reads as that of another host, though it begins with a slash, or as a script.
var away = regexp.MustCompile(`(?i)(?:href|src|action)="(?:/?\s*[/\\]\s*[/\\]|\\|/\s+[^"]*//|javascript:|\s*https?://evil)`)
