package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// wire stands between the program and PostgreSQL, speaks nothing of its own, and sees what really passes: how often the program
// waits for an answer, and which statements it sends.
type wire struct {
	listener net.Listener
	upstream string
	turns    atomic.Int64 // ReadyForQuery seen: the server has answered all it was asked and waits

	mu        sync.Mutex
	recording bool
	heard     []statement
}

// statement is one execution as it was sent: its text, and its parameters as they were encoded.
type statement struct {
	SQL     string
	Formats []int16 // 0 text, 1 binary; one for all, one for each, or none (text)
	Params  [][]byte
}

// openWire begins to pass connections on to the server of databaseURL, and gives the URL that leads through it.
func openWire(databaseURL string) (*wire, string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, "", err
	}
	w := &wire{upstream: u.Host}
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil { //nolint:noctx // until close
		return nil, "", err
	}
	u.Host = w.listener.Addr().String()
	go w.accept()
	return w, u.String(), nil
}

func (w *wire) close() { _ = w.listener.Close() }

// count gives the round trips that happen while do runs.
func (w *wire) count(do func() error) (int64, error) {
	before := w.turns.Load()
	err := do()
	return w.turns.Load() - before, err
}

// record gives the statements that are sent while do runs.
func (w *wire) record(do func() error) ([]statement, error) {
	w.mu.Lock()
	w.recording, w.heard = true, nil
	w.mu.Unlock()
	err := do()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recording = false
	return w.heard, err
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.pass(client)
	}
}

func (w *wire) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", w.upstream) //nolint:noctx // lives as long as the client's connection
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	ended := make(chan struct{}, 2)
	go func() {
		_ = forward(server, client, true, w.asked(map[string]string{}))
		ended <- struct{}{}
	}()
	go func() {
		_ = forward(client, server, false, w.answered)
		ended <- struct{}{}
	}()
	<-ended
}

// forward copies messages of the PostgreSQL protocol and shows each to see. The first of a client has no type.
func forward(to io.Writer, from io.Reader, startup bool, see func(kind byte, body []byte)) error {
	in, out := bufio.NewReaderSize(from, 64<<10), bufio.NewWriterSize(to, 64<<10)
	var body []byte
	for {
		var head [5]byte
		if startup {
			_, err := io.ReadFull(in, head[1:])
			if err != nil {
				return err
			}
		} else if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		size := int(binary.BigEndian.Uint32(head[1:])) - 4
		if size < 0 || size > 1<<28 {
			return fmt.Errorf("a message of %d bytes", size)
		}
		if cap(body) < size {
			body = make([]byte, size)
		}
		body = body[:size]
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if startup {
			_, _ = out.Write(head[1:])
			startup = false
		} else {
			// Before it is passed on, or the other side could go on before it was counted.
			see(head[0], body)
			_, _ = out.Write(head[:])
		}
		_, _ = out.Write(body)
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

func (w *wire) answered(kind byte, _ []byte) {
	if kind == 'Z' {
		w.turns.Add(1)
	}
}

// asked remembers what one connection prepared, and notes what it executes.
func (w *wire) asked(prepared map[string]string) func(byte, []byte) {
	return func(kind byte, body []byte) {
		switch kind {
		case 'P':
			name, rest := text(body)
			prepared[name], _ = text(rest)
		case 'Q':
			sql, _ := text(body)
			w.note(statement{SQL: sql})
		case 'B':
			_, rest := text(body)
			name, rest := text(rest)
			s := statement{SQL: prepared[name]}
			s.read(rest)
			w.note(s)
		}
	}
}

func (w *wire) note(s statement) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.recording {
		w.heard = append(w.heard, s)
	}
}

// read takes formats and parameters from a Bind message.
func (s *statement) read(body []byte) {
	number := func(size int) int {
		defer func() { body = body[size:] }()
		if size == 2 {
			return int(binary.BigEndian.Uint16(body))
		}
		return int(int32(binary.BigEndian.Uint32(body)))
	}
	for range number(2) {
		s.Formats = append(s.Formats, int16(number(2)))
	}
	for range number(2) {
		size := number(4)
		if size < 0 {
			s.Params = append(s.Params, nil)
			continue
		}
		s.Params = append(s.Params, bytes.Clone(body[:size]))
		body = body[size:]
	}
}

// format is how parameter i was encoded.
func (s *statement) format(i int) int16 {
	switch len(s.Formats) {
	case 0:
		return 0
	case 1:
		return s.Formats[0]
	}
	return s.Formats[i]
}

// text splits a zero-terminated text from what follows it.
func text(b []byte) (string, []byte) {
	end := bytes.IndexByte(b, 0)
	return string(b[:end]), b[end+1:]
}
