package portal

import (
	"bytes"
	"encoding/json"
	"encoding/xml"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

type urlset struct {
	XMLName xml.Name  `xml:"urlset"`
	NS      string    `xml:"xmlns,attr"`
	XHTML   string    `xml:"xmlns:xhtml,attr"`
	URLs    []siteURL `xml:"url"`
}

type siteURL struct {
	Loc        string      `xml:"loc"`
	Alternates []alternate `xml:"xhtml:link"`
}

type alternate struct {
	Rel      string `xml:"rel,attr"`
	Language string `xml:"hreflang,attr"`
	Href     string `xml:"href,attr"`
}

func (s *Service) sitemap(r *web.Request) error {
	paths, err := s.readPaths(r.Ctx)
	if err != nil {
		return err
	}
	set := urlset{NS: "http://www.sitemaps.org/schemas/sitemap/0.9", XHTML: "http://www.w3.org/1999/xhtml"}
	for _, path := range paths {
		set.URLs = append(set.URLs, s.entries(r.City, path)...)
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := xml.NewEncoder(&out).Encode(set); err != nil {
		return err
	}
	r.Set("Cache-Control", "public, max-age=3600")
	return r.Send("application/xml; charset=utf-8", out.Bytes())
}

// entries are a page in each of the city's languages, each naming all of them.
func (s *Service) entries(city *tenants.City, path string) []siteURL {
	languages := city.Languages
	if len(languages) == 0 {
		languages = ui.Languages[:1]
	}
	address := func(lang string) string { return s.base.Of(city) + (&ui.Page{Lang: lang}).Href(path) }
	var alternates []alternate
	if len(languages) > 1 {
		for _, lang := range languages {
			alternates = append(alternates, alternate{"alternate", lang, address(lang)})
		}
		alternates = append(alternates, alternate{"alternate", "x-default", address(ui.Italian)})
	}
	list := make([]siteURL, len(languages))
	for i, lang := range languages {
		list[i] = siteURL{address(lang), alternates}
	}
	return list
}

// behindTheDoor are the paths that have nothing for a search engine; "/ente$" is that page alone, and not "/enti".
var behindTheDoor = []string{"/accedi", "/registrati", "/area-personale", "/ente$", "/ente/", "/comune", "/amministrazione", "/confronta"}

func (s *Service) robots(r *web.Request) error {
	var out bytes.Buffer
	out.WriteString("User-agent: *\n")
	for _, path := range behindTheDoor {
		out.WriteString("Disallow: " + path + "\nDisallow: /en" + path + "\n")
	}
	out.WriteString("Allow: /\n\nSitemap: " + r.BaseURL() + "/sitemap.xml\n")
	r.Set("Cache-Control", "public, max-age=3600")
	return r.Send("text/plain; charset=utf-8", out.Bytes())
}

// structured describes the portal and whose it is to search engines (schema.org).
func structured(p *ui.Page) string {
	home := p.URL(p.Href("/"))
	raw, err := json.Marshal(map[string]any{"@context": "https://schema.org", "@graph": []any{
		map[string]any{
			"@type": "GovernmentOrganization", "@id": p.BaseURL + "/#city", "name": p.T("portal.organisation", "city", p.City.Name), "url": home,
			"telephone": p.City.Contacts.Phone, "email": p.City.Contacts.Email,
			"address": map[string]any{
				"@type": "PostalAddress", "streetAddress": p.City.Contacts.Address, "addressLocality": p.City.Name, "addressRegion": p.City.Province, "addressCountry": "IT",
			},
			"areaServed": map[string]any{"@type": "City", "name": p.City.Name},
		},
		map[string]any{
			"@type": "WebSite", "@id": p.BaseURL + "/#site", "url": home, "name": p.Portal(), "description": p.Motto(), "inLanguage": p.Lang,
			"publisher": map[string]any{"@id": p.BaseURL + "/#city"},
			"potentialAction": map[string]any{
				"@type": "SearchAction", "query-input": "required name=q",
				"target": map[string]any{"@type": "EntryPoint", "urlTemplate": p.URL(p.Href("/servizi")) + "?q={q}"},
			},
		},
	}})
	if err != nil {
		panic("portal: describe the portal: " + err.Error())
	}
	return string(raw)
}
