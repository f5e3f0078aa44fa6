package attacks

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// patience is how long a connection may stay silent before we take it that no further answer comes.
const patience = 700 * time.Millisecond

// Speak sends bytes as they are and gives every reply that comes back on the connection.
func (s *Server) Speak(ctx context.Context, sent string) ([]Reply, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, sent); err != nil {
		return nil, fmt.Errorf("speak: %w", err)
	}
	var replies []Reply
	in := bufio.NewReader(conn)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(patience + time.Duration(1-min(1, len(replies)))*4*time.Second))
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return replies, nil // closed or silent: that was all
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		replies = append(replies, Reply{res.StatusCode, res.Header, string(body)})
	}
}

// rawCase is what an attacker types into a socket.
type rawCase struct {
	name    string
	sent    string
	refused bool // must be answered with a client error
	replies int  // how many answers there may be, at most
}

// Sockets speaks HTTP as no client does: odd hosts, two hosts, lengths that differ, chunks with surprises, addresses in absolute form.
// The request hidden behind or inside asks for the other city's home: if that shows, the hidden request was taken for one of its own.
func (w *World) Sockets(ctx context.Context) {
	port := ""
	if _, p, err := net.SplitHostPort(hostport(w.City)); err == nil {
		port = ":" + p
	}
	for _, odd := range oddHosts(w.Other.Host, strings.TrimPrefix(port, ":")) {
		replies, err := w.Server.Speak(ctx, "GET / HTTP/1.1\r\nHost: "+odd+"\r\nConnection: close\r\n\r\n")
		w.count("odd spellings of a host, hosts of nobody", fmt.Sprintf("Host %q", odd), err, w.nobody(replies)...)
	}
	for _, c := range w.smuggled() {
		replies, err := w.Server.Speak(ctx, c.sent)
		w.count("request smuggling on a raw socket", c.name, err, w.hidden(c, replies)...)
	}
}

func (w *World) count(class, name string, err error, wrong ...string) {
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	w.Tally.Count(class, name, wrong...)
}

func (w *World) nobody(replies []Reply) []string {
	var wrong []string
	for _, r := range replies {
		wrong = append(wrong, w.unknown(r)...)
	}
	return wrong
}

func (w *World) hidden(c rawCase, replies []Reply) []string {
	var wrong []string
	if len(replies) > c.replies {
		wrong = append(wrong, fmt.Sprintf("%d answers to what is at most %d requests", len(replies), c.replies))
	}
	for _, r := range replies {
		if mark := markIn(r.text(), w.Other.Marks); mark != "" {
			wrong = append(wrong, "the hidden request was answered: "+mark)
		}
	}
	if c.refused && len(replies) > 0 && (replies[0].Status < 400 || replies[0].Status >= 500) {
		wrong = append(wrong, fmt.Sprintf("was not refused but answered %d", replies[0].Status))
	}
	return wrong
}

// smuggled are requests to the city that hide one to the other.
func (w *World) smuggled() []rawCase {
	here, there := hostport(w.City), hostport(w.Other)
	hidden := "GET / HTTP/1.1\r\nHost: " + there + "\r\n\r\n"
	head := "POST /accedi HTTP/1.1\r\nHost: " + here + "\r\nOrigin: " + w.City.Base + "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	get := "GET / HTTP/1.1\r\nHost: " + here + "\r\n"
	n := len(hidden)
	return []rawCase{
		{"two lengths, the first shorter", head + fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n%s", n, hidden), true, 1},
		{"two lengths, the second shorter", head + fmt.Sprintf("Content-Length: %d\r\nContent-Length: 0\r\n\r\n%s", n, hidden), true, 1},
		{"two lengths in one header", head + fmt.Sprintf("Content-Length: 0, %d\r\n\r\n%s", n, hidden), true, 1},
		{"a length with a sign", head + fmt.Sprintf("Content-Length: +%d\r\n\r\n%s", n, hidden), true, 1},
		{"a negative length", head + "Content-Length: -1\r\n\r\n" + hidden, true, 1},
		{"a length in hex", head + fmt.Sprintf("Content-Length: 0x%x\r\n\r\n%s", n, hidden), true, 1},
		{"a length and chunks", head + fmt.Sprintf("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", hidden), false, 1},
		{"a length that covers the hidden one, and chunks", head + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", n+5, hidden), false, 1},
		{"an unknown transfer coding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, true, 1},
		{"chunked twice", head + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + hidden, true, 1},
		{"chunked then identity", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, true, 1},
		{"a space before the colon", head + fmt.Sprintf("Content-Length : %d\r\n\r\n%s", n, hidden), true, 1},
		{"a folded header", head + fmt.Sprintf("X-A: b\r\n Content-Length: %d\r\nContent-Length: 0\r\n\r\n", n), false, 1},
		{"a line feed in a chunk extension", head + "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n" + fmt.Sprintf("%x", n) + "\r\n0\r\n\r\n" + hidden, true, 1},
		{"a chunk size that overflows", head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n" + hidden, true, 1},
		{"a chunk without its end", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" + hidden, true, 1},
		{"a body on a GET", get + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", n, hidden), false, 1},
		{"a bare carriage return", "GET / HTTP/1.1\rHost: " + there + "\r\nHost: " + here + "\r\n\r\n", false, 1},
		{"a bare line feed", "GET / HTTP/1.1\nHost: " + here + "\nHost: " + there + "\n\n", true, 1},
		{"two hosts", "GET / HTTP/1.1\r\nHost: " + here + "\r\nHost: " + there + "\r\nConnection: close\r\n\r\n", true, 1},
		{"two hosts, the other one first", "GET / HTTP/1.1\r\nHost: " + there + "\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", true, 1},
		{"a host and a spaced host", "GET / HTTP/1.1\r\nHost: " + here + "\r\nHost : " + there + "\r\nConnection: close\r\n\r\n", true, 1},
		{"absolute form for the other city", "GET http://" + there + "/ HTTP/1.1\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", true, 1},
		{"absolute form with a person in front", "GET http://" + here + "@" + there + "/ HTTP/1.1\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", true, 1},
		{"absolute form, another scheme", "GET ftp://" + there + "/ HTTP/1.1\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", true, 1},
		{"authority form", "GET " + there + " HTTP/1.1\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", true, 1},
		{"two slashes and the other city", "GET //" + there + "/ HTTP/1.1\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", false, 1},
		{"no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", true, 1},
		{"no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", true, 1},
		{"an upgrade to HTTP/2", get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", false, 1},
		{"a tunnel", "CONNECT " + there + " HTTP/1.1\r\nHost: " + here + "\r\nConnection: close\r\n\r\n", true, 1},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: " + here + "\r\nCookie: " + SessionCookie + "=secret\r\nConnection: close\r\n\r\n", true, 1},
	}
}

// Pipelined asks for both cities in turn on one connection: what a buffer keeps of one must not reach the other.
func (w *World) Pipelined(ctx context.Context, rounds int) {
	var sent bytes.Buffer
	for i := range rounds * 2 {
		who, close := w.City, ""
		if i%2 == 1 {
			who = w.Other
		}
		if i == rounds*2-1 {
			close = "Connection: close\r\n"
		}
		fmt.Fprintf(&sent, "GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n", hostport(who), close)
	}
	replies, err := w.Server.Speak(ctx, sent.String())
	if err == nil && len(replies) != rounds*2 {
		err = fmt.Errorf("%d answers to %d requests", len(replies), rounds*2)
	}
	for i, r := range replies {
		foreign := w.Other
		if i%2 == 1 {
			foreign = w.City
		}
		var wrong []string
		if mark := markIn(r.text(), foreign.Marks); mark != "" {
			wrong = append(wrong, "shows the city of the request before: "+mark)
		}
		w.count("both cities in turn on one connection", fmt.Sprintf("request %d", i), err, wrong...)
	}
}
