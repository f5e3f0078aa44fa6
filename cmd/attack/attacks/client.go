package attacks

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is one question to the server, exactly as it goes over the wire.
type Request struct {
	Method string
	Host   string // the Host header
	Target string // path and query, as sent
	Header map[string]string
	Form   url.Values // of a POST
	Body   string     // of a POST that is no form
}

// Reply is what came back.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Server is the process under attack.
type Server struct {
	Addr   string // host:port to dial, whatever the Host header says
	client *http.Client
}

// Dial prepares to talk to the server; nothing is sent yet.
func Dial(addr string) *Server {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		MaxIdleConnsPerHost: 16, DisableCompression: true, // what is packed must be asked for
	}
	return &Server{Addr: addr, client: &http.Client{
		Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets go of connections that nobody uses.
func (s *Server) Close() { s.client.CloseIdleConnections() }

// Do sends the request and reads the whole answer. Nothing is followed, nothing kept.
func (s *Server) Do(ctx context.Context, q Request) (Reply, error) {
	var body io.Reader = http.NoBody
	if q.Form != nil {
		body = strings.NewReader(q.Form.Encode())
	}
	if q.Body != "" {
		body = strings.NewReader(q.Body)
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, "http://"+s.Addr+"/", body)
	if err != nil {
		return Reply{}, err
	}
	// Opaque goes out as it is: encodings that a client would tidy up are what we want to send.
	req.URL = &url.URL{Scheme: "http", Host: s.Addr, Opaque: q.Target}
	req.Host = q.Host
	if q.Form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range q.Header {
		req.Header.Set(name, value)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return Reply{}, fmt.Errorf("%s %s at %s: %w", q.Method, q.Target, q.Host, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("%s %s at %s: %w", q.Method, q.Target, q.Host, err)
	}
	return Reply{Status: res.StatusCode, Header: res.Header, Body: string(answer)}, nil
}

// text is all of the reply that a person or a machine can read, in lower case.
func (r Reply) text() string {
	var b strings.Builder
	for name, values := range r.Header {
		for _, v := range values {
			b.WriteString(name + ": " + v + "\n")
		}
	}
	b.WriteString(r.Body)
	return strings.ToLower(b.String())
}
