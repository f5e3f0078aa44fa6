package main

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

func itoa(n int) string { return strconv.Itoa(n) }

func request(method, host, target string, header map[string]string, form map[string][]string) attacks.Request {
	return attacks.Request{Method: method, Host: host, Target: target, Header: header, Form: form}
}

// roles: what a person may do is read with each request, and what was taken away is gone with the next.
func roles(h hand) {
	for name, page := range map[string]string{"provider": "/ente", "municipality": "/comune", "city_admin": "/amministrazione"} {
		session, account := h.alfa.Person(name).Session, h.alfa.things.accounts[name]
		h.check(name+" at work", h.get(h.alfa, session, page).Status == http.StatusOK, "is not let in, so the next case proves nothing")
		h.exec(h.ctx, h.T, h.alfa, "DELETE FROM memberships WHERE account_id = $1", account)
		h.check(name+" after the role was taken", h.get(h.alfa, session, page).Status == http.StatusForbidden, "is let in")
		h.back()
		h.exec(h.ctx, h.T, h.alfa, "UPDATE sessions SET strong = false WHERE account_id = $1", account)
		h.check(name+" without the second factor", h.get(h.alfa, session, page).Status == http.StatusSeeOther, "is let in")
		h.back()
		h.exec(h.ctx, h.T, h.alfa, "UPDATE accounts SET closed_at = now() WHERE id = $1", account)
		h.check(name+" after the account was closed", h.get(h.alfa, session, page).Status == http.StatusSeeOther, "is let in")
		h.back()
		h.exec(h.ctx, h.T, h.alfa, "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE account_id = $1", account)
		h.check(name+" after the session's end", h.get(h.alfa, session, page).Status == http.StatusSeeOther, "is let in")
		h.back()
	}
	page := h.get(h.alfa, h.alfa.Person("provider").Session, "/ente").Body
	another := strings.ToLower(h.alfa.Person("another provider").Known)
	h.check("the staff of another provider", !strings.Contains(strings.ToLower(page), another), "shows on the first one's desk")
}

// filesApart: an id of another city, or a private file, is as good as a made-up one, with every session.
func filesApart(h hand) {
	made := h.get(h.alfa, "", "/media/"+newUUID().String())
	for _, p := range h.alfa.People {
		for name, id := range map[string]string{"of beta": h.beta.things.public.String(), "private of beta": h.beta.things.private.String(), "private of alfa": h.alfa.things.private.String()} {
			r := h.get(h.alfa, p.Session, "/media/"+id)
			h.check("a file "+name+" as "+p.Name, r.Status == made.Status && r.Status == http.StatusNotFound, itoa(r.Status))
		}
	}
	for who, status := range map[string]int{"another provider": http.StatusOK, "provider": http.StatusNotFound, "municipality": http.StatusOK, "citizen": http.StatusNotFound} {
		r := h.get(h.alfa, h.alfa.Person(who).Session, "/media/"+h.alfa.things.documents["another provider"].String())
		h.check("a document of another provider's draft as "+who, r.Status == status, itoa(r.Status))
	}
	for who, status := range map[string]int{"another citizen": http.StatusOK, "citizen": http.StatusNotFound, "provider": http.StatusNotFound, "municipality": http.StatusOK} {
		r := h.get(h.alfa, h.alfa.Person(who).Session, "/media/"+h.alfa.things.act.String())
		h.check("an act of another citizen's as "+who, r.Status == status, itoa(r.Status))
		r = h.get(h.alfa, h.alfa.Person(who).Session, "/media/"+h.beta.things.act.String())
		h.check("an act of beta as "+who, r.Status == http.StatusNotFound, itoa(r.Status))
	}
	for _, c := range []*twin{h.alfa, h.beta} {
		r := h.get(c, "", "/media/"+c.things.public.String())
		h.check("a file of the same kind of name in two cities", r.Status == http.StatusOK && strings.Contains(r.Body, c.Marks[0]), itoa(r.Status))
		h.check("a file that is no picture", strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") && strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox"), "is shown in place")
	}
	_, _, err := h.app.files.Read(h.alfa.in(h.ctx), &authz.Actor{Strong: true}, h.beta.things.public)
	h.check("a file of beta read for alfa", errors.Is(err, problem.ErrNotFound), "was read")
	_, _, err = h.app.files.Read(h.ctx, nil, h.beta.things.public)
	h.check("a file read for no city", err != nil, "was read")
}

// door: one transaction serves one city, and a connection keeps nothing of the one before.
func door(h hand) {
	alfa, beta := h.alfa.in(h.ctx), h.beta.in(h.ctx)
	err := h.app.db.Tx(alfa, func(ctx context.Context) error {
		return h.app.db.Tx(tenants.With(ctx, h.beta.record), func(context.Context) error { return nil })
	})
	h.check("a transaction of beta inside one of alfa", errors.Is(err, tenants.ErrOtherCity), "was joined")
	err = h.app.db.Tx(alfa, func(ctx context.Context) error {
		return h.app.db.Read(tenants.With(ctx, h.beta.record), func(*pgx.Batch) {})
	})
	h.check("a reading of beta inside a transaction of alfa", errors.Is(err, tenants.ErrOtherCity), "was joined")
	h.check("a transaction of no city", errors.Is(h.app.db.Tx(h.ctx, func(context.Context) error { return nil }), tenants.ErrNoCity), "was begun")
	var leaked int
	h.must(h.app.db.Pool().QueryRow(h.ctx, "SELECT count(*) FROM accounts").Scan(&leaked))
	h.check("a connection of the pool without a city", leaked == 0, "sees "+itoa(leaked)+" accounts")
	for i := range 60 { // a request that is cut off must leave nothing on the connection it used
		cut, cancel := context.WithTimeout(alfa, time.Duration(i%6)*time.Millisecond)
		_ = h.app.db.Tx(cut, func(ctx context.Context) error {
			_, err := tenants.PgxTx(ctx).Exec(ctx, "SELECT pg_sleep(0.004)")
			return err
		})
		cancel()
		var foreign int
		h.must(h.app.db.Read(beta, func(b *pgx.Batch) {
			b.Queue("SELECT count(*) FROM accounts WHERE tenant_id <> $1", h.beta.record.ID).QueryRow(func(row pgx.Row) error { return row.Scan(&foreign) })
		}))
		h.check("a connection after a request that was cut off", foreign == 0, "sees "+itoa(foreign)+" accounts of others")
	}
	err = h.app.db.Tx(alfa, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO offices (tenant_id, id, slug, name) VALUES ($1, gen_random_uuid(), 'intruso', 'Intruso')", h.beta.record.ID)
		return err
	})
	h.check("a row written for beta by alfa", err != nil, "was taken")
	err = h.app.db.Tx(alfa, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO memberships (id, account_id, role) VALUES (gen_random_uuid(), $1, 'city_admin')", h.beta.things.accounts["citizen"])
		return err
	})
	h.check("a role at alfa for a person of beta", err != nil, "was taken")
}

// domains: a host name is one city's, and leads only to that city's own address.
func domains(h hand) {
	folder, err := fs.Sub(tenants.House(), "cities/biella")
	h.must(err)
	plan, err := h.app.readFolder("beta", folder)
	h.must(err)
	before, err := h.hashes(h.ctx, h.beta)
	h.must(err)
	plan.Hosts = []string{markOf("a", 999) + ".example"}
	_, err = h.app.db.Apply(h.ctx, plan, h.app.files, false)
	h.check("a domain claimed by two cities", errors.Is(err, tenants.ErrHostTaken), "was given to the second")
	after, err := h.hashes(h.ctx, h.beta)
	h.must(err)
	delete(before, "files")
	h.check("a domain claimed by two cities changes neither", len(changed(before, after)) == 0, strings.Join(changed(before, after), ", "))
	err = h.app.db.Tx(h.beta.in(h.ctx), func(ctx context.Context) error {
		tag, err := tenants.PgxTx(ctx).Exec(ctx, "DELETE FROM hosts WHERE host = $1", markOf("a", 999)+".example")
		if err == nil && tag.RowsAffected() > 0 {
			return errors.New("taken away")
		}
		return err
	})
	h.check("a domain of alfa taken away by beta", err == nil, "was")
	for _, c := range []*twin{h.alfa, h.beta} {
		r := h.ask(request(http.MethodGet, markOf(c.letter, 999)+".example", "/servizi?q=x", nil, nil))
		h.check("a second host of "+c.Slug, r.Status == http.StatusPermanentRedirect && r.Header.Get("Location") == c.Base+"/servizi?q=x", r.Header.Get("Location"))
		replies, err := h.server.Speak(h.ctx, "GET //evil.example/x HTTP/1.1\r\nHost: "+markOf(c.letter, 999)+".example\r\nConnection: close\r\n\r\n")
		h.must(err)
		for _, r := range replies {
			to := r.Header.Get("Location")
			h.check("a second host of "+c.Slug+" asked for another site", to == "" || strings.HasPrefix(to, c.Base+"/"), to)
		}
		r = h.ask(request(http.MethodGet, markOf(c.letter, 999)+".example", "/area-personale", headers(c.Person("citizen").Session, nil), nil))
		h.check("a session on a second host of "+c.Slug, r.Status == http.StatusPermanentRedirect && cookie(r) == "", itoa(r.Status))
	}
	h.check("a city named as the installation's own hosts", tenants.ReservedSlug("www") && tenants.ReservedSlug("mail"), "may be opened")
}
