package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/alexedwards/argon2id"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// links: what a mail carries opens one door of one city.
func links(h hand) {
	forms := map[string]url.Values{
		"/verifica/": {"password": {password}},
		"/password/": {"password": {"tre cavalli e una zucca"}},
		"/invito/":   {"password": {"tre cavalli e una zucca"}, "name": {"Nuova Persona"}, "terms": {"1"}},
	}
	for path, purpose := range purposes {
		foreign, own := h.beta.things.tokens[purpose], h.alfa.things.tokens[purpose]
		before, err := h.hashes(h.ctx, h.beta)
		h.must(err)
		r := h.post(h.alfa, "", path+foreign, forms[path])
		h.check(purpose+" link of beta at alfa", spent(r) && cookie(r) == "", "was taken: "+http.StatusText(r.Status))
		after, err := h.hashes(h.ctx, h.beta)
		h.must(err)
		h.check(purpose+" link of beta at alfa leaves beta alone", len(changed(before, after)) == 0, "changed "+strings.Join(changed(before, after), ", "))
		r = h.get(h.alfa, "", path+foreign)
		h.check(purpose+" link of beta looked at in alfa", spent(r), "was shown: "+http.StatusText(r.Status))
		for other := range purposes {
			if other != path {
				r = h.post(h.alfa, "", other+own, forms[other])
				h.check(purpose+" link for another purpose", spent(r), "was taken at "+other)
			}
		}
		r = h.post(h.alfa, "", path+own, forms[path])
		h.check(purpose+" link of alfa at alfa", r.Status == http.StatusSeeOther, "does not work at home, so the cases above prove nothing: "+http.StatusText(r.Status))
		again := h.post(h.alfa, "", path+own, forms[path])
		h.check(purpose+" link used twice", spent(again), "worked again")
		h.back()
	}
}

// spent says whether a link is answered as one that never was.
func spent(r attacks.Reply) bool {
	return r.Status == http.StatusNotFound || r.Status == http.StatusConflict || r.Status == http.StatusGone
}

// logins: an address and its password belong to one city, and every login begins a session of its own.
func logins(h hand) {
	other, err := argon2id.CreateHash("un'altra parola di Beta", &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	h.must(err)
	h.exec(h.ctx, h.T, h.beta, "UPDATE accounts SET password = $2 WHERE id = $1", h.beta.things.accounts["citizen"], other)
	form := func(password string) url.Values {
		return url.Values{"email": {h.alfa.address(0)}, "password": {password}}
	}

	r := h.post(h.alfa, "", "/accedi", form("un'altra parola di Beta"))
	h.check("the same address with beta's password", cookie(r) == "" && r.Status == http.StatusUnprocessableEntity, "was let in")
	r = h.post(h.alfa, "fixed-by-an-attacker", "/accedi", form(password))
	fresh := cookie(r)
	h.check("a login at home", fresh != "" && h.in(h.alfa, fresh), "does not work, so the cases around it prove nothing")
	h.check("a session that an attacker chose", fresh != "fixed-by-an-attacker" && !h.in(h.alfa, "fixed-by-an-attacker"), "is kept")
	h.check("a session of alfa at beta", !h.in(h.beta, fresh), "is accepted")
	for _, next := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "\t//evil.example", "/\t/evil.example", "javascript:alert(1)", "evil.example", "/%2f/../\r\nX: y"} {
		away := form(password)
		away.Set("poi", next)
		to := h.post(h.alfa, "", "/accedi", away).Header.Get("Location")
		h.check("a login that leads to "+next, strings.HasPrefix(to, "/") && !strings.Contains(to, "evil.example") && !strings.HasPrefix(to, "//"), "leads to "+to)
	}
	again := cookie(h.post(h.alfa, fresh, "/accedi", form(password)))
	h.check("a login that replaces another", again != fresh && !h.in(h.alfa, fresh), "leaves the old session alive")
	h.post(h.alfa, again, "/esci", nil)
	h.check("a session after leaving", !h.in(h.alfa, again), "is still alive")

	half := h.alfa.Person("halfway").Session
	h.check("a password without the second factor", h.get(h.alfa, half, "/comune").Status == http.StatusSeeOther && !h.in(h.alfa, half), "is enough for staff")
	admin := h.beta.things.accounts["city_admin"]
	var sealed []byte
	h.must(h.super.QueryRow(h.ctx, "SELECT totp_sealed FROM accounts WHERE id = $1", admin).Scan(&sealed))
	_, err = h.app.parsed.key.Open(h.beta.record, "totp:"+admin.String(), sealed)
	h.check("a second factor of beta opened for beta", err == nil, "does not open, so the next case proves nothing")
	_, err = h.app.parsed.key.Open(h.alfa.record, "totp:"+admin.String(), sealed)
	h.check("a second factor of beta opened for alfa", err != nil, "was opened")
}

// mails: their links, sender and words come from the city's record, whatever the request says.
func mails(h hand) {
	for i, header := range [][]string{
		nil,
		{"X-Forwarded-Host", hostOf(h.beta)},
		{"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example"},
		{"Referer", "https://evil.example/", "X-Original-Host", "evil.example"},
	} {
		h.mailed(i, h.alfa.Base, hostOf(h.alfa), header)
	}
	h.mailed(9, h.alfa.Base, h.alfa.Host+":81", nil)
	h.mailed(10, h.alfa.Base, strings.ToUpper(hostOf(h.alfa)), nil)
}

// mailed asks for a link by mail and reads where it leads.
func (h hand) mailed(i int, base, host string, header []string) {
	h.Helper()
	h.back()
	_, before := h.mailSays(0)
	form := url.Values{"email": {h.alfa.address(0)}}
	all := headers("", append([]string{"Origin", base, "Sec-Fetch-Site", "same-origin"}, header...))
	h.ask(request(http.MethodPost, host, "/password-dimenticata", all, form))
	h.must(h.settled(h.ctx))
	wrong, after := h.mailSays(before)
	h.check("a link for a new password", after == before+1 && len(wrong) == 0, strings.Join(append(wrong, "mails: "+itoa(after-before), "case "+itoa(i)), "; "))
	h.check("the same address at beta", h.rows("SELECT count(*) FROM tokens WHERE tenant_id = $1 AND account_id = $2", h.beta.record.ID, h.beta.things.accounts["citizen"]) == 0,
		"got a link too")
}

// limits: what one city spends of its patience, another keeps.
func limits(h hand) {
	wrong := url.Values{"email": {h.alfa.address(0)}, "password": {"sbagliata di sicuro"}}
	right := url.Values{"email": {h.beta.address(0)}, "password": {password}}
	status := 0
	for range 15 {
		status = h.post(h.alfa, "", "/accedi", wrong).Status
	}
	h.check("many wrong passwords at alfa", status == http.StatusTooManyRequests, "are not slowed down, so the next case proves nothing: "+itoa(status))
	r := h.post(h.beta, "", "/accedi", right)
	h.check("the same address and client at beta", r.Status == http.StatusSeeOther, "pays for alfa's storm: "+itoa(r.Status))
	h.back()
	forgot := url.Values{"email": {h.alfa.address(0)}}
	for range 10 {
		h.post(h.alfa, "", "/password-dimenticata", forgot)
	}
	_, before := h.mailSays(0)
	h.must(h.settled(h.ctx))
	h.post(h.beta, "", "/password-dimenticata", forgot)
	h.must(h.settled(h.ctx))
	messages := h.mail.Messages()
	from := ""
	if len(messages) > before {
		from = messages[len(messages)-1].From
	}
	h.check("the same address asks for a link at beta", strings.Contains(from, h.beta.record.Mail.From), "gets none after alfa's storm: "+from)
}
