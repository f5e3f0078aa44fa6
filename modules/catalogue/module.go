// Package catalogue is where a person finds what helps: services and who delivers them, searched, filtered, compared and described.
package catalogue
