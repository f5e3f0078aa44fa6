package files

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// What a picture may be.
const (
	MostPictureBytes = 8 << 20
	mostPixels       = 40_000_000
	widest           = 1280
	tallest          = 2 * widest
	quality          = 85
)

// Refusals of an upload.
var (
	ErrMissing       = problem.New(problem.Invalid, "files.missing")
	ErrPictureHeavy  = problem.New(problem.Invalid, "files.picture.heavy")
	ErrPictureKind   = problem.New(problem.Invalid, "files.picture.kind")
	ErrPicturePixels = problem.New(problem.Invalid, "files.picture.pixels")
)

//words: files.missing files.picture.heavy files.picture.kind files.picture.pixels

// decoding lets one picture at a time be taken apart: a large one fills hundreds of megabytes.
var decoding = make(chan struct{}, 1)

// Picture makes a JPEG or PNG anew from nothing but its pixels, so that neither where it was taken nor anything hidden in it stays.
// It stands upright, and is no wider than any page shows it.
func Picture(ctx context.Context, raw []byte) (contentType string, body []byte, err error) {
	switch {
	case len(raw) == 0:
		return "", nil, ErrMissing
	case len(raw) > MostPictureBytes:
		return "", nil, ErrPictureHeavy
	case bytes.HasPrefix(raw, []byte("\xff\xd8\xff")):
		contentType = "image/jpeg"
	case bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")):
		contentType = "image/png"
	default:
		return "", nil, ErrPictureKind
	}
	size, err := measure(raw, contentType)
	if err != nil {
		return "", nil, ErrPictureKind
	}
	if size.Width <= 0 || size.Height <= 0 || size.Width > mostPixels/size.Height {
		return "", nil, ErrPicturePixels
	}
	select {
	case decoding <- struct{}{}:
		defer func() { <-decoding }()
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
	body, err = redraw(raw, contentType)
	return contentType, body, err
}

func measure(raw []byte, contentType string) (image.Config, error) {
	if contentType == "image/png" {
		return png.DecodeConfig(bytes.NewReader(raw))
	}
	return jpeg.DecodeConfig(bytes.NewReader(raw))
}

func redraw(raw []byte, contentType string) ([]byte, error) {
	var out bytes.Buffer
	if contentType == "image/png" {
		picture, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			return nil, ErrPictureKind
		}
		err = png.Encode(&out, shrink(picture))
		return out.Bytes(), err
	}
	picture, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrPictureKind
	}
	// Scaled first: turning is then cheap. A picture on its side may be as wide as another is tall.
	err = jpeg.Encode(&out, shrink(upright(shrink(picture), orientation(raw))), &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// shrink scales a picture down to what pages show; a smaller one stays as it is.
func shrink(picture image.Image) image.Image {
	from := picture.Bounds()
	w, h := from.Dx(), from.Dy()
	if w > widest {
		w, h = widest, max(1, h*widest/w)
	}
	if h > tallest {
		w, h = max(1, w*tallest/h), tallest
	}
	if w == from.Dx() && h == from.Dy() {
		return picture
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(small, small.Bounds(), picture, from, draw.Src, nil)
	return small
}

// upright turns a picture as its camera was held; how is EXIF's number from 1 to 8.
func upright(picture image.Image, how int) image.Image {
	if how <= 1 || how > 8 {
		return picture
	}
	b := picture.Bounds()
	w, h := b.Dx(), b.Dy()
	turned := image.NewRGBA(image.Rect(0, 0, w, h))
	if how >= 5 {
		turned = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := place(how, x, y, w, h)
			turned.Set(tx, ty, picture.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return turned
}

// place is where a pixel goes.
func place(how, x, y, w, h int) (int, int) {
	switch how {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default:
		return y, w - 1 - x
	}
}
