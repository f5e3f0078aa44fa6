package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

type message struct {
	To                        []string
	From, Subject, Text, HTML string
}

// messages reads the demo's mailbox.
func (d *demo) messages(ctx context.Context) (list []message, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.MailURL+".json", http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(raw, &list)
}

var link = regexp.MustCompile(`http://[^\s"'<>)]+`)

// links makes a city send the three kinds of links there are, and gives what each carries, by the path it leads to.
func (d *demo) links(ctx context.Context, c *attacks.City, citizen string) (map[string]string, error) {
	for _, ask := range []struct {
		session, target string
		form            url.Values
	}{
		{"", "/password-dimenticata", url.Values{"email": {citizen}}},
		{"", "/registrati", url.Values{"name": {"Nuova Persona"}, "email": {"nuova@" + c.Slug + ".example"}, "password": {"tre cavalli e una zucca"}, "terms": {"1"}}},
		{c.Person("city_admin").Session, "/amministrazione/persone/invito", url.Values{"email": {"collega@" + c.Slug + ".example"}, "role": {"municipality"}}},
	} {
		if _, err := d.post(ctx, c, ask.session, ask.target, ask.form); err != nil {
			return nil, err
		}
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		tokens := map[string]string{}
		list, err := d.messages(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			for _, address := range link.FindAllString(m.Text, -1) {
				if rest, ok := strings.CutPrefix(address, c.Base+"/"); ok {
					if path, token, ok := strings.Cut(rest, "/"); ok && len(token) > 20 && !strings.Contains(token, "/") {
						tokens["/"+path+"/"] = token
					}
				}
			}
		}
		if len(tokens) == 3 {
			return tokens, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%s sent %d of 3 links", c.Slug, len(tokens))
		}
	}
}

// readMail checks that every mail of the whole attack speaks of one city only: sender, links and words.
func (d *demo) readMail(ctx context.Context, w *attacks.World) {
	list, err := d.messages(ctx)
	if err != nil {
		w.Tally.Count("mails", "the mailbox", err.Error())
		return
	}
	for _, m := range list {
		var wrong []string
		for _, c := range []*attacks.City{w.City, w.Other} {
			here, there := w.City, w.Other
			if c == w.Other {
				here, there = w.Other, w.City
			}
			if !strings.Contains(m.From, c.Slug+".example") {
				continue
			}
			for _, address := range link.FindAllString(m.Text+" "+m.HTML, -1) {
				if !strings.HasPrefix(address, here.Base+"/") {
					wrong = append(wrong, "leads to "+address)
				}
			}
			if all := m.Subject + m.Text + m.HTML; strings.Contains(all, there.Host) {
				wrong = append(wrong, "speaks of "+there.Slug)
			}
		}
		w.Tally.Count("mails", fmt.Sprintf("%q from %s", m.Subject, m.From), wrong...)
	}
}
