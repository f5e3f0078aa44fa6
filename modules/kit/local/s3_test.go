package local

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// The gateway allows one instance in a process, so the tests of S3 do not run in parallel.

func startS3(t *testing.T, dir string) (*S3, *minio.Client) {
	t.Helper()
	s, err := StartS3(t.Context(), dir, "", "access", "a-long-secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	c, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func put(t *testing.T, c *minio.Client, key, body string) {
	t.Helper()
	_, err := c.PutObject(t.Context(), Bucket, key, strings.NewReader(body), int64(len(body)), minio.PutObjectOptions{
		ContentType: "text/plain; charset=utf-8", UserMetadata: map[string]string{"Name": "Certificato"}, DisableMultipart: true,
	})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func read(t *testing.T, c *minio.Client, key string) string {
	t.Helper()
	o, err := c.GetObject(t.Context(), Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	body, err := io.ReadAll(o)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(body)
}

func keysIn(t *testing.T, c *minio.Client, prefix string) (keys []string) {
	t.Helper()
	for o := range c.ListObjects(t.Context(), Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func TestS3_PutGetListCopyDelete(t *testing.T) {
	_, c := startS3(t, t.TempDir())
	put(t, c, "city/documents/1", "uno")
	put(t, c, "city/documents/2", "due")
	put(t, c, "other/documents/3", "tre")
	if got := read(t, c, "city/documents/1"); got != "uno" {
		t.Errorf("read %q", got)
	}
	if got := keysIn(t, c, "city/"); strings.Join(got, " ") != "city/documents/1 city/documents/2" {
		t.Errorf("keys %v", got)
	}
	copyOf(t, c, "city/documents/1", "other/copy")
	if err := c.RemoveObject(t.Context(), Bucket, "city/documents/1", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := c.StatObject(t.Context(), Bucket, "city/documents/1", minio.StatObjectOptions{})
	if minio.ToErrorResponse(err).Code != minio.NoSuchKey {
		t.Errorf("after delete: %v", err)
	}
}

func copyOf(t *testing.T, c *minio.Client, from, to string) {
	t.Helper()
	_, err := c.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: Bucket, Object: to}, minio.CopySrcOptions{Bucket: Bucket, Object: from})
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.StatObject(t.Context(), Bucket, to, minio.StatObjectOptions{})
	if err != nil || read(t, c, to) != read(t, c, from) || info.ContentType != "text/plain; charset=utf-8" || info.UserMetadata["Name"] != "Certificato" {
		t.Errorf("copy: %+v, %v", info, err)
	}
}

func TestS3_RemovesManyAtOnce(t *testing.T) {
	_, c := startS3(t, t.TempDir())
	put(t, c, "many/a", "a")
	put(t, c, "many/b", "b")
	doomed := c.ListObjects(t.Context(), Bucket, minio.ListObjectsOptions{Prefix: "many/", Recursive: true})
	for e := range c.RemoveObjects(t.Context(), Bucket, doomed, minio.RemoveObjectsOptions{}) {
		t.Error(e.Err)
	}
	if left := keysIn(t, c, ""); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestS3_TakesAFileInParts(t *testing.T) {
	_, c := startS3(t, t.TempDir())
	body := bytes.Repeat([]byte("welfare "), 11<<20/8)
	opts := minio.PutObjectOptions{PartSize: 5 << 20}
	if _, err := c.PutObject(t.Context(), Bucket, "large", bytes.NewReader(body), int64(len(body)), opts); err != nil {
		t.Fatal(err)
	}
	if got := read(t, c, "large"); got != string(body) {
		t.Errorf("read %d bytes of %d", len(got), len(body))
	}
	part := minio.GetObjectOptions{}
	_ = part.SetRange(8, 14)
	o, err := c.GetObject(t.Context(), Bucket, "large", part)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(o); string(got) != "welfare" || err != nil {
		t.Errorf("range: %q, %v", got, err)
	}
}

func TestS3_RefusesAKeyItDoesNotKnow(t *testing.T) {
	s, _ := startS3(t, t.TempDir())
	for _, creds := range []*credentials.Credentials{
		credentials.NewStaticV4("access", "another-secret", ""),
		credentials.NewStaticV4("stranger", "a-long-secret", ""),
		credentials.NewStatic("", "", "", credentials.SignatureAnonymous),
	} {
		c, err := minio.New(s.endpoint, &minio.Options{Creds: creds, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.PutObject(t.Context(), Bucket, "x", strings.NewReader("x"), 1, minio.PutObjectOptions{})
		if minio.ToErrorResponse(err).StatusCode != 403 {
			t.Errorf("put: %v", err)
		}
	}
}

func TestS3_KeepsObjectsWhenStoppedAndMoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "here")
	s, c := startS3(t, dir)
	put(t, c, "kept", "ancora qui")
	s.Stop()
	moved := filepath.Join(t.TempDir(), "there")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	_, c = startS3(t, moved)
	info, err := c.StatObject(t.Context(), Bucket, "kept", minio.StatObjectOptions{})
	if err != nil || read(t, c, "kept") != "ancora qui" || info.UserMetadata["Name"] != "Certificato" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestS3_LeavesTheWorkingDirectoryAlone(t *testing.T) {
	before, _ := os.Getwd()
	_, c := startS3(t, "")
	if after, _ := os.Getwd(); after != before {
		t.Errorf("from %s to %s", before, after)
	}
	t.Chdir(t.TempDir())
	put(t, c, "elsewhere", "x")
	if got := read(t, c, "elsewhere"); got != "x" {
		t.Errorf("read %q", got)
	}
}

func TestS3_TwoAreRefused(t *testing.T) {
	dir := t.TempDir()
	startS3(t, dir)
	if s, err := StartS3(t.Context(), dir, "", "access", "a-long-secret"); !errors.Is(err, ErrInUse) {
		t.Errorf("same folder: %v, %v", s, err)
	}
	if s, err := StartS3(t.Context(), t.TempDir(), "", "access", "a-long-secret"); err == nil {
		t.Errorf("same process: %v", s)
	}
}

func TestS3_WorksWithoutRoot(t *testing.T) {
	asNobody(t, "TestS3_(PutGet|Keeps)", 2)
}
