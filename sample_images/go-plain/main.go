// An HTTP service that signs and seals with approved algorithms, done by plain Go.
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"net/http"
	"time"
)

func main() {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		log.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr:              ":8080",
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(r.URL.Path))
			sealed := aead.Seal(nil, nil, mac.Sum(nil), nil)
			fmt.Fprintln(w, hex.EncodeToString(sealed))
		}),
	}
	log.Println("listening on :8080")
	log.Fatal(server.ListenAndServe())
}
