package mail_test

import (
	"context"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/google/uuid"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/tenants"
)

// post is a mailbox and a sender that speaks to it.
func post(t *testing.T) (*local.Mail, *mail.Sender) {
	t.Helper()
	box, err := local.StartMail(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Stop() })
	sender, err := mail.Open(box.SMTPURL())
	if err != nil {
		t.Fatal(err)
	}
	return box, sender
}

func cremona() *tenants.City {
	return &tenants.City{ID: uuid.Must(uuid.NewV7()), Slug: "cremona", Name: "Cremona", Settings: tenants.Settings{
		Portal: "Cremona si prende cura", Brand: tenants.Brand{Primary: "#8C1C2B"}, Contacts: tenants.Contacts{Phone: "0372 555 010", Email: "welfare@cremona.example"},
		Mail: tenants.Sender{FromName: "Cremona si prende cura", From: "noreply@cremona.example", ReplyTo: "welfare@cremona.example"},
	}}
}

func letter() mail.Letter {
	return mail.Letter{
		To: "anna@posta.example", Lang: "it", Subject: "Conferma il tuo indirizzo è facile", Greeting: "Ciao Anna,",
		Paragraphs: []string{"per finire premi il pulsante.", "Vale 24 ore: poi ne chiedi un altro."}, Button: "Conferma",
		Link: "https://cremona.welfare.example/conferma?token=abc-DEF_123&x=1", Close: "Non sei stato tu? Non devi fare nulla.",
	}
}

func deliver(t *testing.T, box *local.Mail, sender *mail.Sender, city *tenants.City, l mail.Letter) local.Message {
	t.Helper()
	began := time.Now().Add(-time.Millisecond)
	if err := sender.Send(tenants.With(t.Context(), city), l); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	m, err := box.WaitFor(ctx, l.To, began)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSend_GoesOutInTheCitysName(t *testing.T) {
	t.Parallel()
	box, sender := post(t)
	m := deliver(t, box, sender, cremona(), letter())
	if m.From != `"Cremona si prende cura" <noreply@cremona.example>` || !slices.Equal(m.To, []string{"anna@posta.example"}) || m.Subject != "Conferma il tuo indirizzo è facile" {
		t.Errorf("from %s, to %v, subject %q", m.From, m.To, m.Subject)
	}
	biella := cremona()
	biella.Slug, biella.Portal, biella.Mail = "biella", "Biella vicina", tenants.Sender{FromName: "Biella vicina", From: "noreply@biella.example"}
	other := letter()
	other.To = "bruno@posta.example"
	m = deliver(t, box, sender, biella, other)
	if !strings.Contains(m.From, "noreply@biella.example") || strings.Contains(m.Text+m.HTML, "Cremona") || !strings.Contains(m.Text, "Biella vicina") {
		t.Errorf("from %s: %s", m.From, m.Text)
	}
}

func TestSend_AnEnglishLetterComesFromTheEnglishName(t *testing.T) {
	t.Parallel()
	box, sender := post(t)
	city := cremona()
	city.En = &tenants.Twin{Portal: "Cremona cares"}
	l := letter()
	l.Lang = "en"
	m := deliver(t, box, sender, city, l)
	if m.From != `"Cremona cares" <noreply@cremona.example>` || strings.Contains(m.Text+m.HTML, "Cremona si prende cura") || !strings.Contains(m.Text, "Cremona cares") {
		t.Errorf("from %s: %s", m.From, m.Text)
	}
	l.Lang, l.To = "it", "bruno@posta.example"
	if m = deliver(t, box, sender, city, l); !strings.Contains(m.From, "Cremona si prende cura") || strings.Contains(m.Text+m.HTML, "Cremona cares") {
		t.Errorf("an Italian letter: from %s: %s", m.From, m.Text)
	}
}

var (
	tag   = regexp.MustCompile(`<[^>]*>`)
	title = regexp.MustCompile(`(?s)<head>.*</head>`)
)

func TestSend_TextAndHTMLSayTheSame(t *testing.T) {
	t.Parallel()
	box, sender := post(t)
	l := letter()
	m := deliver(t, box, sender, cremona(), l)
	html := strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#34;", `"`).Replace(tag.ReplaceAllString(title.ReplaceAllString(m.HTML, ""), " "))
	for _, said := range append([]string{l.Greeting, l.Button, l.Link, l.Close, "Cremona si prende cura", "0372 555 010", "welfare@cremona.example"}, l.Paragraphs...) {
		if !strings.Contains(m.Text, said) {
			t.Errorf("%q is not in the text: %s", said, m.Text)
		}
		if !strings.Contains(html, said) {
			t.Errorf("%q is not in the HTML: %s", said, html)
		}
	}
	if !strings.Contains(m.HTML, `href="https://cremona.welfare.example/conferma?token=abc-DEF_123&amp;x=1"`) || !strings.Contains(m.HTML, `lang="it"`) || !strings.Contains(m.HTML, "#8C1C2B") {
		t.Errorf("HTML: %s", m.HTML)
	}
	l.Button, l.Link, l.To = "", "", "carla@posta.example"
	if m = deliver(t, box, sender, cremona(), l); strings.Contains(m.HTML, "href") || strings.Contains(m.Text, "https://") {
		t.Errorf("a letter without a button has a link: %s", m.Text)
	}
}

func TestSend_WhatPeopleWroteStaysText(t *testing.T) {
	t.Parallel()
	box, sender := post(t)
	l := letter()
	l.Greeting = `Ciao <script>alert("x")</script> <img src=x onerror=alert(1)>,`
	l.Link = "javascript:alert(1)"
	m := deliver(t, box, sender, cremona(), l)
	for _, bad := range []string{"<script", "<img", `href="javascript`} {
		if strings.Contains(m.HTML, bad) {
			t.Errorf("%s is in %s", bad, m.HTML)
		}
	}
	if !strings.Contains(m.Text, `<script>alert("x")</script>`) {
		t.Errorf("the text was changed: %s", m.Text)
	}
}

// What stands in a header cannot make another one, nor another recipient.
func TestSend_NoHeaderIsPutIn(t *testing.T) {
	t.Parallel()
	box, sender := post(t)
	const more = "\r\nBcc: spia@evil.example\r\nX-Evil: 1"
	for name, change := range map[string]func(*tenants.City, *mail.Letter){
		"the subject":           func(_ *tenants.City, l *mail.Letter) { l.Subject = "Ciao" + more },
		"the subject's end":     func(_ *tenants.City, l *mail.Letter) { l.Subject = "Ciao\r\n\r\n<b>corpo</b>" },
		"the city's name":       func(c *tenants.City, _ *mail.Letter) { c.Mail.FromName = "Cremona" + more },
		"a quote in the name":   func(c *tenants.City, _ *mail.Letter) { c.Mail.FromName = `Il "buon" vicino` },
		"an address in a name":  func(c *tenants.City, _ *mail.Letter) { c.Mail.FromName = `x" <spia@evil.example>, "y` },
		"the greeting":          func(_ *tenants.City, l *mail.Letter) { l.Greeting = "Ciao" + more },
		"an end of the message": func(_ *tenants.City, l *mail.Letter) { l.Greeting = "Ciao\r\n.\r\nMAIL FROM:<spia@evil.example>\r\n" },
	} {
		city, l := cremona(), letter()
		l.To = strings.ReplaceAll(strings.ReplaceAll(name, " ", "."), "'", "") + "@posta.example"
		change(city, &l)
		m := deliver(t, box, sender, city, l)
		if !strings.HasSuffix(m.From, "<noreply@cremona.example>") || len(m.To) != 1 || m.HTML == "" || strings.HasPrefix(m.Text, "<b>corpo") {
			t.Errorf("%s: from %s, to %v, text %q", name, m.From, m.To, m.Text)
		}
	}
	for _, m := range box.Messages() {
		if len(m.To) != 1 || strings.Contains(m.To[0], "evil") {
			t.Errorf("a letter to %v", m.To)
		}
	}
	if n := len(box.Messages()); n != 7 {
		t.Errorf("%d letters", n)
	}
}

func TestSend_RefusesWhatIsNotOneAddressAndDoesNotRepeatIt(t *testing.T) {
	t.Parallel()
	box, sender := post(t)
	for _, to := range []string{
		"", "anna", "anna@", "@posta.example", "anna@posta.example, spia@evil.example", "anna@posta.example\r\nBcc: spia@evil.example", "Anna <anna@posta.example>",
		"<anna@posta.example>", "anna@posta.example\n", "anna@posta.example>\r\nRCPT TO:<spia@evil.example", "a b@posta.example",
	} {
		l := letter()
		l.To = to
		err := sender.Send(tenants.With(t.Context(), cremona()), l)
		if err == nil || strings.Contains(err.Error(), "posta.example") || strings.Contains(err.Error(), "evil") {
			t.Errorf("%q: %v", to, err)
		}
	}
	for name, change := range map[string]func(*tenants.City){
		"no sender":      func(c *tenants.City) { c.Mail.From = "" },
		"two senders":    func(c *tenants.City) { c.Mail.From = "a@cremona.example, b@evil.example" },
		"a bad reply-to": func(c *tenants.City) { c.Mail.ReplyTo = "a@cremona.example\r\nBcc: spia@evil.example" },
	} {
		city := cremona()
		change(city)
		if err := sender.Send(tenants.With(t.Context(), city), letter()); err == nil {
			t.Errorf("%s: sent", name)
		}
	}
	if err := sender.Send(t.Context(), letter()); err == nil {
		t.Error("sent for no city")
	}
	if got := box.Messages(); len(got) != 0 {
		t.Errorf("letters: %v", got)
	}
}

// strict is a mail server that refuses a recipient, and says whom.
type strict struct{ smtp.Session }

func (strict) Mail(string, *smtp.MailOptions) error { return nil }
func (strict) Rcpt(to string, _ *smtp.RcptOptions) error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + "> user unknown"}
}
func (strict) Reset()        {}
func (strict) Logout() error { return nil }

func TestSend_AServersRefusalNamesNobody(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return strict{}, nil }))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	sender, err := mail.Open("smtp://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(tenants.With(t.Context(), cremona()), letter())
	if err == nil || !strings.Contains(err.Error(), "user unknown") || strings.Contains(err.Error(), "anna") {
		t.Errorf("err = %v", err)
	}
	_ = server.Close()
	if err = sender.Send(tenants.With(t.Context(), cremona()), letter()); err == nil || strings.Contains(err.Error(), "anna") {
		t.Errorf("no server: %v", err)
	}
}

func TestSend_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, sender := post(t)
	ctx, cancel := context.WithCancel(tenants.With(t.Context(), cremona()))
	cancel()
	if err := sender.Send(ctx, letter()); err == nil {
		t.Error("sent after the end")
	}
}

func TestOpen_TakesOneServer(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"smtp://mail.example", "smtp://user:secret@mail.example:587", "smtps://mail.example", "smtps://mail.example:4650"} {
		if _, err := mail.Open(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"", "mail.example:25", "http://mail.example", "smtp://", "smtp://user:secret@:25", "smtp://user:secret@mail.example:port", "smtp://user:secret@[::1"} {
		if _, err := mail.Open(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
