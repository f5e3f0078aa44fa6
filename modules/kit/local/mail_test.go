package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail"
	"golang.org/x/net/html"
)

func startMail(t *testing.T) *Mail {
	t.Helper()
	m, err := StartMail(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Stop() })
	return m
}

// send goes through the library that the portal uses.
func send(t *testing.T, m *Mail, change func(*mail.Msg)) {
	t.Helper()
	message := mail.NewMsg()
	err := errors.Join(message.FromFormat("WelfareX Cremona", "portale@cremona.example"), message.To("maria@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	message.Subject("La tua prenotazione è confermata")
	message.SetBodyString(mail.TypeTextPlain, "Ciao Maria,\nconferma qui: https://cremona.example/conferma?c=1&d=2.\n")
	change(message)
	host, port, _ := strings.Cut(m.smtpAddr, ":")
	client, err := mail.NewClient(host, mail.WithPort(number(port)), mail.WithTLSPolicy(mail.NoTLS),
		mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc), mail.WithUsername("city"), mail.WithPassword("any"))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DialAndSendWithContext(t.Context(), message); err != nil {
		t.Fatal(err)
	}
}

func number(s string) (n int) {
	for _, r := range s {
		n = n*10 + int(r-'0')
	}
	return n
}

func TestMail_GivesBackWhatWasSent(t *testing.T) {
	t.Parallel()
	m, before := startMail(t), time.Now()
	send(t, m, func(message *mail.Msg) {
		message.AddAlternativeString(mail.TypeTextHTML, "<p>Ciao <b>Maria</b></p>")
		_ = message.Bcc("archivio@example.org")
	})
	got, err := m.WaitFor(t.Context(), "Maria@example.org", before)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.To, []string{"maria@example.org", "archivio@example.org"}) || got.Subject != "La tua prenotazione è confermata" {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.From, "WelfareX Cremona") || !strings.Contains(got.Text, "conferma?c=1&d=2") || got.HTML != "<p>Ciao <b>Maria</b></p>" {
		t.Errorf("%+v", got)
	}
}

func TestMail_WaitsForTheNextMessage(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	send(t, m, func(*mail.Msg) {})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := m.WaitFor(ctx, "maria@example.org", time.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an old message answered: %v", err)
	}
	after, got := time.Now(), make(chan Message)
	go func() {
		message, _ := m.WaitFor(t.Context(), "maria@example.org", after)
		got <- message
	}()
	send(t, m, func(message *mail.Msg) { message.Subject("Seconda") })
	if message := <-got; message.Subject != "Seconda" {
		t.Errorf("%+v", message)
	}
}

func TestMail_KeepsTheLastThousand(t *testing.T) {
	t.Parallel()
	m := &Mail{arrived: make(chan struct{})}
	for i := range keptMessages + 5 {
		m.add(Message{Subject: strings.Repeat("x", i)})
	}
	if got := m.Messages(); len(got) != keptMessages || len(got[0].Subject) != 5 || len(got[keptMessages-1].Subject) != keptMessages+4 {
		t.Errorf("%d messages, from %d", len(got), len(got[0].Subject))
	}
	m.add(Message{HTML: strings.Repeat("x", keptBytes)})
	if got := m.Messages(); len(got) != 1 || m.bytes != got[0].size() {
		t.Errorf("%d messages, %d bytes", len(got), m.bytes)
	}
}

func TestMail_RefusesAMessageTooLarge(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	line := strings.Repeat("x", 998) + "\r\n"
	err := smtp.SendMail(m.smtpAddr, nil, "a@example.org", []string{"b@example.org"}, bytes.Repeat([]byte(line), messageBytes/len(line)+1))
	if err == nil || !strings.HasPrefix(err.Error(), "552") || len(m.Messages()) != 0 {
		t.Errorf("err = %v, kept %d", err, len(m.Messages()))
	}
}

func TestMail_ListIsAnArrayNewestLast(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	if got := fetch(t, m.URL()+".json"); strings.TrimSpace(got) != "[]" {
		t.Errorf("empty list: %q", got)
	}
	send(t, m, func(*mail.Msg) {})
	send(t, m, func(message *mail.Msg) { message.Subject("Ultima") })
	var list []map[string]any
	if err := json.Unmarshal([]byte(fetch(t, m.URL()+".json")), &list); err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	if len(list) != 2 || last["subject"] != "Ultima" || last["to"].([]any)[0] != "maria@example.org" {
		t.Errorf("%v", list)
	}
	if _, err := time.Parse(time.RFC3339, last["at"].(string)); err != nil || len(last) != 6 {
		t.Errorf("%v, %v", last, err)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, r.Status, err)
	}
	return string(body)
}

func TestMailPage_ShowsAMessageWithoutTrustingIt(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	const hostile = `<p title="a">Ciao</p><script>alert(1)</script>`
	send(t, m, func(message *mail.Msg) {
		message.Subject("<script>alert(2)</script>")
		message.AddAlternativeString(mail.TypeTextHTML, hostile)
	})
	seen := map[string]string{}
	tokens := html.NewTokenizer(strings.NewReader(fetch(t, m.URL())))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		for _, a := range token.Attr {
			seen[token.Data+" "+a.Key] = a.Val
		}
		if token.Type == html.StartTagToken && token.Data == "script" {
			t.Error("a script in the page")
		}
	}
	if seen["a href"] != "https://cremona.example/conferma?c=1&d=2" || !strings.HasSuffix(seen["iframe srcdoc"], hostile) {
		t.Errorf("%q", seen)
	}
	if sandbox := seen["iframe sandbox"]; sandbox == "" || strings.Contains(sandbox, "allow-scripts") || strings.Contains(sandbox, "allow-same-origin") {
		t.Errorf("sandbox %q", sandbox)
	}
}

func TestMailPage_RefusesForeignNames(t *testing.T) {
	t.Parallel()
	m := &Mail{arrived: make(chan struct{})}
	for host, want := range map[string]int{
		"127.0.0.1:1234": 200, "localhost": 200, "mail.welfarex.localhost:80": 200, "[::1]:99": 200, "evil.example": 421, "10.0.0.1": 421,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/mail", nil)
		r.Host = host
		m.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d", host, w.Code)
		}
		if csp := w.Header().Get("Content-Security-Policy"); want == 200 && !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("policy %q", csp)
		}
	}
}

func TestPieces_FindsLinks(t *testing.T) {
	t.Parallel()
	got := pieces("Vai su https://a.example/x?y=1. (Oppure http://b.example)")
	want := []piece{{Text: "Vai su "}, {"https://a.example/x?y=1", "https://a.example/x?y=1"}, {Text: ". (Oppure "},
		{"http://b.example", "http://b.example"}, {Text: ")"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
