package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// arrive signs everybody of a city in, as they would: address and password, then a code of the app.
func (d *demo) arrive(ctx context.Context, slug string) (*attacks.City, error) {
	for _, known := range d.Cities {
		if known.Slug != slug {
			continue
		}
		host := strings.TrimPrefix(known.URL, "http://")
		name, _, _ := strings.Cut(host, ":")
		city := &attacks.City{Slug: slug, Host: name, Base: known.URL, People: []attacks.Person{attacks.Visitor}}
		for _, a := range known.Accounts {
			session, err := d.signIn(ctx, city, a, true)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", a.Role, slug, err)
			}
			key, err := d.key(ctx, city, session, a.Password)
			if err != nil {
				return nil, fmt.Errorf("a key for %s of %s: %w", a.Role, slug, err)
			}
			city.People = append(city.People, attacks.Person{Name: a.Role, Role: a.Role, Session: session, Key: key})
			if a.Role == "municipality" {
				if session, err = d.signIn(ctx, city, a, false); err != nil {
					return nil, fmt.Errorf("%s of %s, halfway: %w", a.Role, slug, err)
				}
				city.People = append(city.People, attacks.Person{Name: "halfway", Role: a.Role, Half: true, Session: session})
			}
		}
		return city, nil
	}
	return nil, fmt.Errorf("the demo has no city %q", slug)
}

// signIn gives a session, complete or with the second factor still to come.
func (d *demo) signIn(ctx context.Context, c *attacks.City, a account, complete bool) (string, error) {
	session, err := d.post(ctx, c, "", "/accedi", url.Values{"email": {a.Email}, "password": {a.Password}})
	if err != nil || a.TOTPSecret == nil || !complete {
		return session, err
	}
	code, err := totp.GenerateCode(*a.TOTPSecret, time.Now())
	if err != nil {
		return "", err
	}
	return d.post(ctx, c, session, "/accedi/codice", url.Values{"code": {code}})
}

var keyText = regexp.MustCompile(`wx_[\w-]{43}`)

// key makes a key that may do all that its person may.
func (d *demo) key(ctx context.Context, c *attacks.City, session, password string) (string, error) {
	form := url.Values{"name": {"attack"}, "days": {"7"}, "password": {password},
		"scopes": {"account:read", "orders:read", "orders:write", "services:read", "services:write", "inbox:read", "inbox:write"}}
	reply, err := d.server.Do(ctx, attacks.Request{Method: http.MethodPost, Host: hostOf(c), Target: "/area-personale/sessioni/chiavi", Form: form, Header: map[string]string{
		"Origin": c.Base, "Sec-Fetch-Site": "same-origin", "Cookie": attacks.SessionCookie + "=" + session,
	}})
	if err != nil {
		return "", err
	}
	if key := keyText.FindString(reply.Body); key != "" {
		return key, nil
	}
	return "", fmt.Errorf("no key in the answer, which was %d", reply.Status)
}

// post sends a form as the city's own page would, and gives the session that comes back.
func (d *demo) post(ctx context.Context, c *attacks.City, session, target string, form url.Values) (string, error) {
	header := map[string]string{"Origin": c.Base, "Sec-Fetch-Site": "same-origin"}
	if session != "" {
		header["Cookie"] = attacks.SessionCookie + "=" + session
	}
	reply, err := d.server.Do(ctx, attacks.Request{Method: http.MethodPost, Host: hostOf(c), Target: target, Header: header, Form: form})
	if err != nil {
		return "", err
	}
	for _, line := range reply.Header.Values("Set-Cookie") {
		if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Name == attacks.SessionCookie && cookie.Value != "" {
			return cookie.Value, nil
		}
	}
	if reply.Status != http.StatusSeeOther {
		return "", fmt.Errorf("POST %s answered %d", target, reply.Status)
	}
	return session, nil
}

func (d *demo) get(ctx context.Context, c *attacks.City, session, target string) (string, error) {
	header := map[string]string{}
	if session != "" {
		header["Cookie"] = attacks.SessionCookie + "=" + session
	}
	reply, err := d.server.Do(ctx, attacks.Request{Method: http.MethodGet, Host: hostOf(c), Target: target, Header: header})
	return reply.Body, err
}

func hostOf(c *attacks.City) string { return strings.TrimPrefix(c.Base, "http://") }
