// Package mail sends a city's mail, from its own sender and with links to its own host.
package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/wneessen/go-mail"

	"github.com/welfarex/welfarex/tenants"
)

// Letter is a mail in words; it is written out as text and as HTML that say the same.
type Letter struct {
	To         string
	Lang       string // it | en
	Subject    string
	Greeting   string   // "Ciao Anna,"
	Paragraphs []string // plain text
	Button     string   // words of the link, "" for none
	Link       string   // absolute, from the city's record
	Close      string   // last lines: who writes, what to do if it was not you
}

// Sender speaks SMTP.
type Sender struct {
	host    string
	options []mail.Option
}

// Open takes smtp://[user:password@]host:port (STARTTLS where offered) or smtps://… (TLS at once).
func Open(address string) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, fmt.Errorf("SMTP_URL must look like smtp://user:password@mail.example:587, not %q", u.Redacted())
	}
	options := []mail.Option{mail.WithTimeout(15 * time.Second), mail.WithTLSPolicy(mail.TLSOpportunistic), mail.WithHELO("localhost")}
	if u.Scheme == "smtps" {
		options = append(options, mail.WithSSL(), mail.WithPort(mail.DefaultPortSSL))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		options = append(options, mail.WithPort(port))
	}
	if user := u.User.Username(); user != "" {
		password, _ := u.User.Password()
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(user), mail.WithPassword(password))
	}
	return &Sender{u.Hostname(), options}, nil
}

// Send delivers the letter to the mail server in the name of the city of ctx. Its errors do not name the recipient: they end in
// logs and in the job queue.
func (s *Sender) Send(ctx context.Context, l Letter) error {
	city, err := tenants.From(ctx)
	if err != nil {
		return err
	}
	m, err := l.message(ctx, city)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("mail client: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("send mail: %w", nameless{err, l.To})
	}
	return nil
}

func (l Letter) message(ctx context.Context, city *tenants.City) (*mail.Msg, error) {
	m := mail.NewMsg()
	if !plain(city.Mail.From) {
		return nil, fmt.Errorf("sender of %s: %q is not one plain address", city.Slug, city.Mail.From)
	}
	// net/mail quotes and encodes a name, whatever it holds.
	if err := m.From((&netmail.Address{Name: l.sender(city), Address: city.Mail.From}).String()); err != nil {
		return nil, fmt.Errorf("sender of %s: %w", city.Slug, err)
	}
	if !plain(l.To) {
		return nil, errRecipient
	}
	if err := m.To(l.To); err != nil {
		return nil, errRecipient
	}
	if city.Mail.ReplyTo != "" {
		if err := m.ReplyTo(city.Mail.ReplyTo); err != nil {
			return nil, fmt.Errorf("reply-to of %s: %w", city.Slug, err)
		}
	}
	m.Subject(l.Subject)
	m.SetDate()
	_, domain, _ := strings.Cut(city.Mail.From, "@")
	m.SetMessageIDWithValue(uuid.NewString() + "@" + domain) // the machine's own name is nobody's business
	m.SetBodyString(mail.TypeTextPlain, l.text(city))
	html, err := l.html(ctx, city)
	if err != nil {
		return nil, fmt.Errorf("write the mail: %w", err)
	}
	m.AddAlternativeString(mail.TypeTextHTML, html)
	return m, nil
}

// sender is who the letter comes from: an English one from the portal's English name.
func (l Letter) sender(city *tenants.City) string {
	if name := city.PortalIn(l.Lang); name != city.Portal {
		return name
	}
	return city.Mail.FromName
}

// plain says whether a text is an address and nothing else.
func plain(address string) bool {
	a, err := netmail.ParseAddress(address)
	return err == nil && a.Address == address
}

var errRecipient = errors.New("the recipient is not one plain address")

// nameless is an error of the mail server without the address of the person it speaks of.
type nameless struct {
	error
	address string
}

func (n nameless) Error() string {
	return strings.ReplaceAll(n.error.Error(), n.address, "(recipient)")
}
func (n nameless) Unwrap() error { return n.error }
