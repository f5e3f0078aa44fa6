package publishing

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// photo is a JPEG that does not compress: as heavy as asked for.
func photo(t *testing.T, side int) []byte {
	t.Helper()
	noise := image.NewGray(image.Rect(0, 0, side, side))
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise
	for i := range noise.Pix {
		noise.Pix[i] = uint8(random.Uint32()) //nolint:gosec // noise
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, noise, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const paper = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>\nendobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000054 00000 n \n0000000105 00000 n \ntrailer\n<</Size 4/Root 1 0 R>>\nstartxref\n180\n%%EOF\n"

func TestFiles_ArePrivateUntilTheyArePublished(t *testing.T) {
	w := setup(t)
	other := raise(t)
	id := w.draft("paolo", whole())
	big := photo(t, 1800)
	if len(big) < 2<<20 {
		t.Fatalf("the picture has only %d bytes", len(big))
	}
	w.upload("paolo", servicePath(id, "immagine"), 2, "IMG_1.JPG", big).leads(t, servicePath(id, "allegati"))
	w.upload("paolo", servicePath(id, "allegati"), 3, `C:\Documenti\<b>Regolamento</b>.PDF`, []byte(paper)).leads(t, servicePath(id, "allegati"))
	c := w.version(id).Content
	if len(c.Attachments) != 1 || c.Attachments[0].Name != "b.pdf" {
		t.Errorf("%+v", c.Attachments)
	}
	w.get("piera", servicePath(id, "allegati")).wants(t, 200, "Passo 5 di 5", c.Attachments[0].Name)
	for _, file := range []uuid.UUID{c.Picture, c.Attachments[0].ID} {
		path := "/media/" + file.String()
		for who, want := range map[string]int{"": 404, "anna": 404, "altra": 404, "gina": 404, "piera": 200, "marco": 200, "elena": 200} {
			if got := w.get(who, path); got.status != want {
				t.Errorf("%s for %q: %d", path, who, got.status)
			}
		}
		if got := other.get("paolo", path); got.status != 404 {
			t.Errorf("in another city: %d", got.status)
		}
	}
	w.submits("paolo", id)
	w.approves("marco", id)
	picture, document := w.get("", "/media/"+c.Picture.String()), w.get("", "/media/"+c.Attachments[0].ID.String())
	if picture.status != 200 || picture.header.Get("Content-Type") != "image/jpeg" || picture.header.Get("Content-Disposition") != "" {
		t.Errorf("the picture: %d %v", picture.status, picture.header)
	}
	if document.status != 200 || !strings.HasPrefix(document.header.Get("Content-Disposition"), "attachment") || document.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(document.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the document: %d %v", document.status, document.header)
	}
	w.get("", "/servizi/pasti-caldi").wants(t, 200, c.Attachments[0].Name)
	if err := w.Unpublish(w.ctx, w.people["paolo"], id); err != nil {
		t.Fatal(err)
	}
	w.get("", "/media/"+c.Picture.String()).wants(t, 404)
}

func TestFiles_WhatIsRefusedLeavesNothing(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", whole())
	w.upload("paolo", servicePath(id, "immagine"), 2, "x.jpg", []byte("<script>")).wants(t, 422, "JPEG o PNG")
	w.upload("paolo", servicePath(id, "allegati"), 2, "x.pdf", []byte(strings.Replace(paper, "/Catalog", "/Catalog/AA<<>>", 1))).wants(t, 422, "programmi")
	w.post("paolo", servicePath(id, "immagine"), "revision", "2").wants(t, 422, "Scegli un file")
	w.upload("paolo", servicePath(id, "immagine"), 1, "x.jpg", photo(t, 10)).wants(t, 409, "Nel frattempo")
	w.upload("altra", servicePath(id, "immagine"), 2, "x.jpg", photo(t, 10)).wants(t, 404)
	if n := ask[int](w, "SELECT count(*) FROM files"); n != 0 {
		t.Errorf("%d files stayed", n)
	}
	// Changed between the first look and the last: the file is given up.
	v := w.version(id)
	err := w.keep(w.ctx, w.people["paolo"], v, v.Revision, files.File{Module: shelfOfFiles, ContentType: "image/png"}, []byte("x"), func(*Content, uuid.UUID) error { return ErrAttachments })
	if !errors.Is(err, ErrAttachments) || ask[string](w, "SELECT string_agg(state, ' ') FROM files") != "removed" {
		t.Errorf("%v", err)
	}
	for i := range mostAttachments {
		w.upload("paolo", servicePath(id, "allegati"), 2+i, "a.pdf", []byte(paper)).leads(t, servicePath(id))
	}
	rev := w.version(id).Revision
	w.upload("paolo", servicePath(id, "allegati"), rev, "a.pdf", []byte(paper)).wants(t, 409, "già 5")
	if err := w.RemoveDocument(w.ctx, w.people["paolo"], id, rev, uuid.New()); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if now := w.version(id).Revision; now != rev {
		t.Errorf("revision %d, was %d", now, rev)
	}
	first := w.version(id).Content.Attachments[0].ID
	w.post("paolo", servicePath(id, "allegati", first.String(), "rimozione"), "revision", fmt.Sprint(rev)).leads(t, servicePath(id, "allegati"))
	if left := w.version(id).Content.Attachments; len(left) != mostAttachments-1 {
		t.Errorf("%d left", len(left))
	}
}

func TestDocumentName_IsANameAndNoMore(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Regolamento 2026.pdf": "Regolamento 2026.pdf", `C:\x\y.PDF`: "y.pdf", "../../etc/passwd": "passwd.pdf", "": "documento.pdf", "a\r\nb.pdf": "ab.pdf",
		"\u202efdp.exe": "fdp.exe.pdf", strings.Repeat("è", 300): strings.Repeat("è", 100) + ".pdf",
	} {
		if got := documentName(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

// stored are the files of the city that the store still has, in the order in which they came.
func (w *world) stored() (list []uuid.UUID) {
	w.t.Helper()
	return ask[[]uuid.UUID](w, "SELECT COALESCE(array_agg(id ORDER BY id), '{}') FROM files WHERE state = 'stored'")
}

// sweep runs the sweepers on a day after the first, and says how many objects went.
func (w *world) sweep(days int) int {
	w.t.Helper()
	w.clock = today.AddDate(0, 0, days)
	if err := w.Sweep(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	gone, err := w.files.Sweep(w.ctx, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return gone
}

// gives uploads a picture for a draft and gives its id.
func (w *world) gives(id uuid.UUID) uuid.UUID {
	w.t.Helper()
	w.upload("paolo", servicePath(id, "immagine"), w.version(id).Revision, "x.jpg", photo(w.t, 10)).leads(w.t, servicePath(id, "allegati"))
	return w.version(id).Content.Picture
}

func TestFiles_OfOldDraftsGoAfterAWhile(t *testing.T) {
	w := setup(t)
	live := w.draft("paolo", whole())
	first := w.gives(live)
	w.submits("paolo", live)
	w.approves("marco", live)
	if err := w.Revise(w.ctx, w.people["paolo"], live); err != nil {
		t.Fatal(err)
	}
	second := w.gives(live)
	w.submits("paolo", live)
	w.approves("marco", live)
	open := w.draft("paolo", whole())
	replaced, kept := w.gives(open), w.gives(open)
	thrown := w.draft("paolo", whole())
	discarded := w.gives(thrown)
	if _, err := w.files.Put(w.ctx, files.File{Module: shelfOfFiles, ContentType: "image/png"}, []byte("nobody noted whose it is")); err != nil {
		t.Fatal(err)
	}
	w.sql("UPDATE files SET created_at = $1", today)
	if all := w.stored(); len(all) != 6 || w.sweep(29) != 0 {
		t.Fatalf("%v, or one of them went too soon", all)
	}
	w.clock = today.AddDate(0, 0, 20)
	if err := w.Discard(w.ctx, w.people["paolo"], thrown, w.version(thrown).Revision); err != nil {
		t.Fatal(err)
	}
	if gone := w.sweep(31); gone != 2 || slices.Contains(w.stored(), replaced) {
		t.Errorf("after a month %d went, of %v", gone, w.stored())
	}
	w.get("paolo", "/media/"+replaced.String()).wants(t, 404)
	w.get("paolo", "/media/"+discarded.String()).wants(t, 200) // it was discarded eleven days ago
	if gone := w.sweep(51); gone != 1 || !slices.Equal(w.stored(), []uuid.UUID{first, second, kept}) {
		t.Errorf("a month after the draft %d went, %v stay", gone, w.stored())
	}
	if gone := w.sweep(500); gone != 0 {
		t.Errorf("%d of what versions refer to went", gone)
	}
	w.get("", "/media/"+second.String()).wants(t, 200)
	w.get("paolo", "/media/"+kept.String()).wants(t, 200)
}
