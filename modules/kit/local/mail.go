package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime"
)

const (
	keptMessages = 1000
	keptBytes    = 64 << 20
	messageBytes = 10 << 20
)

// Message is one mail as it was handed in; To are the recipients of the envelope, Bcc among them.
type Message struct {
	To      []string  `json:"to"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	At      time.Time `json:"at"`
}

func (m Message) size() int { return len(m.Text) + len(m.HTML) + len(m.Subject) + 1024 }

// Mail takes in every mail and delivers none. It is an http.Handler: "/mail" is a page, "/mail.json" the list.
type Mail struct {
	smtp     *smtp.Server
	http     *http.Server
	smtpAddr string
	httpAddr string

	mu       sync.Mutex
	messages []Message
	bytes    int
	arrived  chan struct{} // closed at the next arrival
}

// StartMail listens for SMTP on the address (a free port of 127.0.0.1 when "") and for HTTP on a free port beside it.
// It takes any name and password, and keeps the last thousand messages or 64 MB, whichever is less.
func StartMail(ctx context.Context, addr string) (*Mail, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	in, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	page, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	m := &Mail{smtpAddr: in.Addr().String(), httpAddr: page.Addr().String(), arrived: make(chan struct{})}
	m.smtp = m.newSMTP()
	m.http = &http.Server{Handler: m, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	go func() { _ = m.smtp.Serve(in) }()
	go func() { _ = m.http.Serve(page) }()
	return m, nil
}

func (m *Mail) newSMTP() *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{mail: m}, nil }))
	s.Domain = "localhost"
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.MaxMessageBytes, s.MaxRecipients, s.MaxLineLength = messageBytes, 100, 4000
	s.AllowInsecureAuth, s.EnableSMTPUTF8 = true, true
	s.ErrorLog = silent{}
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// SMTPURL is where the portal sends its mail.
func (m *Mail) SMTPURL() string { return "smtp://" + m.smtpAddr }

// URL is the page with the messages; with ".json" after it, the list.
func (m *Mail) URL() string { return "http://" + m.httpAddr + "/mail" }

// Stop closes both doors and every connection.
func (m *Mail) Stop() error { return errors.Join(m.smtp.Close(), m.http.Close()) }

// Messages lists what is kept, newest last.
func (m *Mail) Messages() []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages)
}

// WaitFor returns the first message to the address that arrived after the time, waiting for it until the context ends.
func (m *Mail) WaitFor(ctx context.Context, to string, after time.Time) (Message, error) {
	for {
		message, arrived, found := m.find(to, after)
		if found {
			return message, nil
		}
		select {
		case <-ctx.Done():
			return Message{}, ctx.Err()
		case <-arrived:
		}
	}
}

func (m *Mail) find(to string, after time.Time) (Message, <-chan struct{}, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, message := range m.messages {
		if message.At.After(after) && slices.ContainsFunc(message.To, func(a string) bool { return strings.EqualFold(a, to) }) {
			return message, nil, true
		}
	}
	return Message{}, m.arrived, false
}

func (m *Mail) add(message Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	message.At = time.Now()
	m.messages = append(m.messages, message)
	m.bytes += message.size()
	for len(m.messages) > keptMessages || m.bytes > keptBytes && len(m.messages) > 1 {
		m.bytes -= m.messages[0].size()
		m.messages = slices.Delete(m.messages, 0, 1)
	}
	close(m.arrived)
	m.arrived = make(chan struct{})
}

// session is one SMTP conversation.
type session struct {
	mail *Mail
	from string
	to   []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	message := parse(raw)
	message.To = slices.Clone(s.to)
	if message.From == "" {
		message.From = s.from
	}
	s.mail.add(message)
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

var parser = enmime.NewParser(enmime.DisableTextConversion(true)) // a missing text part is to be seen

// parse reads what a person would see; what is no mail at all is shown as it came.
func parse(raw []byte) Message {
	envelope, err := parser.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		return Message{Text: strings.ToValidUTF8(string(raw), "\uFFFD")}
	}
	return Message{
		From: envelope.GetHeader("From"), Subject: envelope.GetHeader("Subject"),
		Text: envelope.Text, HTML: envelope.HTML,
	}
}

// ServeHTTP answers the page, or the list when the path ends in ".json", and only to this machine's own names:
// a web site that points its name here learns nothing.
func (m *Mail) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	switch {
	case !ownName(r.Host):
		http.Error(w, "unknown host", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	case strings.HasSuffix(r.URL.Path, ".json"):
		m.serveList(w)
	case r.URL.Path == "/":
		http.Redirect(w, r, "/mail", http.StatusFound)
	default:
		m.servePage(w, r.URL.Path)
	}
}

func ownName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (m *Mail) serveList(w http.ResponseWriter) {
	messages := m.Messages()
	if messages == nil {
		messages = []Message{}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(messages)
}
