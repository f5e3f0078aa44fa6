package ui

import (
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"path"
	"strings"
)

// dist is what `npm run build` makes; before it ran there is only a placeholder, and pages come out plain but whole.
//
//go:embed all:assets/dist
var dist embed.FS

// file is one asset in the forms it can be sent in; bodies are views into the binary.
type file struct {
	contentType   string
	plain, br, gz []byte
}

// bundle is all files under their hashed names.
type bundle map[string]file

var files, hashed = readDist(dist)

func readDist(source fs.FS) (files bundle, hashed map[string]string) {
	files, hashed = bundle{}, map[string]string{}
	raw, err := fs.ReadFile(source, "assets/dist/manifest.json")
	if err != nil {
		return files, hashed
	}
	if err := json.Unmarshal(raw, &hashed); err != nil {
		panic("ui: assets/dist/manifest.json: " + err.Error())
	}
	for _, name := range hashed {
		f := file{contentType: contentType(name)}
		f.plain, _ = fs.ReadFile(source, "assets/dist/"+name)
		f.br, _ = fs.ReadFile(source, "assets/dist/"+name+".br")
		f.gz, _ = fs.ReadFile(source, "assets/dist/"+name+".gz")
		files[name] = f
	}
	return files, hashed
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// Asset is the address of a built file: "app.css" is served at "/static/app.<hash>.css", for ever the same.
func Asset(name string) string {
	if full, ok := hashed[name]; ok {
		return "/static/" + full
	}
	return "/static/" + name
}

// Static finds a built file under its hashed name, in the smallest form the browser accepts. It may be cached for ever.
func Static(name, acceptEncoding string) (body []byte, contentType, encoding string, ok bool) {
	return files.static(name, acceptEncoding)
}

func (b bundle) static(name, acceptEncoding string) (body []byte, contentType, encoding string, ok bool) {
	f, ok := b[name]
	if !ok {
		return nil, "", "", false
	}
	switch {
	case f.br != nil && Accepts(acceptEncoding, "br"):
		return f.br, f.contentType, "br", true
	case f.gz != nil && Accepts(acceptEncoding, "gzip"):
		return f.gz, f.contentType, "gzip", true
	}
	return f.plain, f.contentType, "", true
}

// Accepts reads an Accept-Encoding header: the coding is named and not refused with q=0.
func Accepts(header, coding string) bool {
	for header != "" {
		var part string
		part, header, _ = strings.Cut(header, ",")
		name, quality, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		quality = strings.TrimPrefix(strings.ReplaceAll(quality, " ", ""), "q=")
		return quality == "" || strings.Trim(quality, "0.") != ""
	}
	return false
}
