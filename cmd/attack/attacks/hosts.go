package attacks

import (
	"net/http"
	"strings"
)

// Forged adds headers by which proxies tell of another host. Nobody here is a trusted proxy: the answer must be what it is without.
func (w *World) Forged() []Case {
	there := hostport(w.Other)
	var cases []Case
	for _, route := range w.Routes {
		for _, name := range []string{Visitor.Name, "city_admin"} {
			person := w.City.Person(name)
			path, ok := w.path(route, person, ownIDs)
			if !ok || !route.Safe() {
				continue
			}
			for header, value := range map[string]string{
				"X-Forwarded-Host": there, "Forwarded": "host=" + there, "X-Original-Host": there, "X-Host": there, "X-Forwarded-Server": there,
				"X-HTTP-Host-Override": there, "X-Original-URL": "/en", "X-Rewrite-URL": "/en", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/en",
				"X-Tenant-Id": w.Other.Slug, "X-HTTP-Method-Override": "DELETE", "X-Forwarded-For": "127.0.0.1",
			} {
				c := w.as(route, person, "forged forwarding headers", header, route.Method, path)
				like := c.Send
				c.Send.Header = asking(route, person, map[string]string{header: value})
				c.Like, c.Gate, c.Echoed = &like, true, []string{there, w.Other.Slug}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// oddHosts are spellings by which a host could pass for another one; each must lead to no city at all.
func oddHosts(host, port string) []string {
	label, parent, _ := strings.Cut(host, ".")
	odd := []string{
		"", " ", ".", "x@" + host, host + "@x", host + ".", "." + host, host + "..", host + "/", host + "/..", host + "?", host + "#", host + "\\",
		host + ":", host + ":x", host + ":80:80", host + ":999999", host + ":-1", "[" + host + "]", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.1", "2130706433", "localhost",
		host + "," + host, host + " " + host, host + "\t" + host, host + "%00", host + "%2e", host + "\x00", "*." + parent, parent, "www." + host, "x" + host,
		host + ".evil.example", "evil.example", "-" + host, label, label + "_." + parent, label + "%2e" + parent, "xn--" + host, strings.Replace(host, ".", "。", 1),
		strings.Replace(host, "e", "е", 1), "https://" + host, "//" + host, host + ";x", "'" + host + "'",
	}
	if port != "" {
		odd = append(odd, host+".:"+port, "x@"+host+":"+port, host+":"+port+"/x", host+":"+port+"@x")
	}
	return odd
}

// unknown says whether a reply names no city.
func (w *World) unknown(r Reply) []string {
	var wrong []string
	if r.Status != http.StatusNotFound && r.Status != http.StatusBadRequest {
		wrong = append(wrong, "a host that no city has is answered with "+http.StatusText(r.Status))
	}
	for _, c := range []*City{w.City, w.Other} {
		if mark := markIn(r.text(), c.Marks); mark != "" {
			wrong = append(wrong, "a host that no city has shows "+c.Slug+": "+mark)
		}
	}
	return wrong
}
