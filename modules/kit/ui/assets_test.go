package ui

import (
	"testing"
	"testing/fstest"
)

func TestStatic_SendsTheSmallestFormTheBrowserTakes(t *testing.T) {
	t.Parallel()
	built, names := readDist(fstest.MapFS{
		"assets/dist/manifest.json":      {Data: []byte(`{"app.css":"app.1.css","f.woff2":"f.2.woff2"}`)},
		"assets/dist/app.1.css":          {Data: []byte("plain")},
		"assets/dist/app.1.css.br":       {Data: []byte("br")},
		"assets/dist/app.1.css.gz":       {Data: []byte("gz")},
		"assets/dist/f.2.woff2":          {Data: []byte("font")},
		"assets/dist/not-in-manifest.js": {Data: []byte("no")},
	})
	if names["app.css"] != "app.1.css" || len(built) != 2 {
		t.Fatalf("names %v, files %d", names, len(built))
	}
	for _, c := range []struct{ name, accept, body, encoding, contentType string }{
		{"app.1.css", "gzip, deflate, br, zstd", "br", "br", "text/css; charset=utf-8"},
		{"app.1.css", "gzip;q=1.0, br;q=0", "gz", "gzip", "text/css; charset=utf-8"},
		{"app.1.css", "", "plain", "", "text/css; charset=utf-8"},
		{"f.2.woff2", "br", "font", "", "font/woff2"},
	} {
		body, contentType, encoding, ok := built.static(c.name, c.accept)
		if !ok || string(body) != c.body || encoding != c.encoding || contentType != c.contentType {
			t.Errorf("%s with %q: %q, %q, %q, %v", c.name, c.accept, body, contentType, encoding, ok)
		}
	}
	if _, _, _, ok := built.static("../app.1.css", "br"); ok {
		t.Error("found a file outside")
	}
}

func TestAsset_HasAnAddressBeforeTheBuild(t *testing.T) {
	t.Parallel()
	if got := Asset("nothing.css"); got != "/static/nothing.css" {
		t.Errorf("got %s", got)
	}
}

func TestIcons_TheWholeSetIsDrawn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"casa", "anziani", "bambini", "salute", "disabilita", "famiglia", "cibo", "lavoro", "soldi", "ascolto", "scuola", "trasporto",
		"tempo-libero", "stranieri", "giovani", "volontariato", "pulizie", "donna", "mente", "documenti", "digitale", "trasloco", "emergenza", "abitare",
		"search", "menu", "close", "user", "phone", "mail", "pin", "clock", "calendar", "check", "warning", "info", "euro", "home", "building", "online",
		"arrow-right", "arrow-left", "chevron-down", "chevron-right", "external", "compare", "filter", "download", "print", "language", "shield", "star",
		"heart", "logout", "key", "trash", "edit", "plus", "minus", "eye", "bell", "list", "map", "wheelchair", "document", "lock", "people", "settings",
	} {
		if !HasIcon(name) {
			t.Errorf("%s is not drawn", name)
		}
	}
}
