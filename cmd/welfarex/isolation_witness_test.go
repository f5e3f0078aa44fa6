package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/welfarex/welfarex/modules/kit/local"
)

// Witnesses look where data can go besides the reply: the log, the mail, the queue, the object store, the other city's rows.

// logbook keeps what the program logs.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take gives what was logged since it was last asked.
func (l *logbook) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// listenToLog hears everything, debug too, until the test ends.
func listenToLog(t *testing.T) *logbook {
	l, before := &logbook{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return l
}

// marksIn lists the lines of a text that hold a canary of either city.
func (s *stage) marksIn(text string) []string {
	var wrong []string
	for line := range strings.Lines(text) {
		if hasMark(line, s.alfa) || hasMark(line, s.beta) {
			wrong = append(wrong, strings.TrimSpace(line))
		}
	}
	return wrong
}

// settled waits until no job is waiting or running.
func (s *stage) settled(ctx context.Context) error {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var busy int
		err := s.super.QueryRow(ctx, "SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'pending') AND kind LIKE '%.%'").Scan(&busy)
		if err != nil || busy == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d jobs are still waiting", busy)
		}
	}
}

// jobsSay lists what is wrong with the jobs after one: each must carry its city, ids only, and come from this one.
func (s *stage) jobsSay(ctx context.Context, after int64) (wrong []string, last int64, err error) {
	rows, err := s.super.Query(ctx, "SELECT id, kind, args::text, metadata::text, COALESCE(errors::text, '') FROM river_job WHERE id > $1 AND kind LIKE '%.%' ORDER BY id", after)
	if err != nil {
		return nil, after, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, args, metadata, errors string
		if err := rows.Scan(&after, &kind, &args, &metadata, &errors); err != nil {
			return nil, after, err
		}
		var origin struct{ City string }
		if json.Unmarshal([]byte(metadata), &origin) != nil || origin.City != s.alfa.record.ID.String() {
			wrong = append(wrong, fmt.Sprintf("job %s was asked for in alfa and carries %s", kind, metadata))
		}
		for _, mark := range s.marksIn(args + "\n" + metadata + "\n" + errors) {
			wrong = append(wrong, fmt.Sprintf("job %s carries data: %s", kind, mark))
		}
		for _, id := range s.beta.everyID() {
			if strings.Contains(args, id) {
				wrong = append(wrong, fmt.Sprintf("job %s of alfa names a thing of beta: %s", kind, args))
			}
		}
	}
	return wrong, after, rows.Err()
}

func (c *twin) everyID() []string {
	var ids []string
	for _, of := range []map[string]string{asText(c.things.accounts), asText(c.things.sessions), asText(c.things.memberships)} {
		for _, id := range of {
			ids = append(ids, id)
		}
	}
	return ids
}

func asText[K fmt.Stringer](ids map[string]K) map[string]string {
	all := map[string]string{}
	for k, v := range ids {
		all[k] = v.String()
	}
	return all
}

// mailSays lists what is wrong with the mails after the first n: all must come from alfa and speak of nothing else.
func (s *stage) mailSays(n int) (wrong []string, total int) {
	messages := s.mail.Messages()
	for _, m := range messages[min(n, len(messages)):] {
		name := fmt.Sprintf("the mail %q to %v", m.Subject, m.To)
		all := strings.Join(append(slices.Clone(m.To), m.From, m.Subject, m.Text, m.HTML), "\n")
		for _, sent := range s.beta.slugs { // attacks write these into forms, and a mail may greet by what was written
			all = strings.ReplaceAll(all, sent, "·")
		}
		if hasMark(all, s.beta) || strings.Contains(all, s.beta.Host) {
			wrong = append(wrong, name+" speaks of beta")
		}
		if !strings.Contains(m.From, s.alfa.record.Mail.From) {
			wrong = append(wrong, name+" comes from "+m.From)
		}
		for _, link := range linksIn(m.Text + " " + m.HTML) {
			if !strings.HasPrefix(link, s.alfa.Base+"/") {
				wrong = append(wrong, name+" leads to "+link)
			}
		}
	}
	return wrong, len(messages)
}

// linksIn finds every address of the web in a text.
func linksIn(text string) []string {
	var links []string
	for rest := text; ; {
		i := strings.Index(rest, "http")
		if i < 0 {
			return links
		}
		rest = rest[i:]
		end := strings.IndexAny(rest, " \t\r\n\"'<>)")
		if end < 0 {
			end = len(rest)
		}
		if strings.HasPrefix(rest, "http://") || strings.HasPrefix(rest, "https://") {
			links = append(links, rest[:end])
		}
		rest = rest[max(end, 1):]
	}
}

// objectsSay lists all objects, and those that stand below no city or hold the other's canaries.
func (s *stage) objectsSay(ctx context.Context) (wrong, all []string, err error) {
	client, err := s.s3.Client()
	if err != nil {
		return nil, nil, err
	}
	for o := range client.ListObjects(ctx, local.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			return nil, nil, o.Err
		}
		all = append(all, o.Key)
		owner, foreign := s.alfa, s.beta
		switch {
		case strings.HasPrefix(o.Key, s.beta.record.ID.String()+"/"):
			owner, foreign = s.beta, s.alfa
		case !strings.HasPrefix(o.Key, s.alfa.record.ID.String()+"/"):
			wrong = append(wrong, "object "+o.Key+" is below no city")
		}
		body, err := client.GetObject(ctx, local.Bucket, o.Key, minio.GetObjectOptions{})
		if err != nil {
			return nil, nil, err
		}
		content, err := io.ReadAll(body)
		if err != nil {
			return nil, nil, err
		}
		if hasMark(o.Key+string(content), foreign) {
			wrong = append(wrong, "object "+o.Key+" of "+owner.Slug+" holds data of "+foreign.Slug)
		}
	}
	return wrong, all, nil
}
