// Command workload behaves well or badly, as told: what containers of the simulation tests run.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "md5":
		fmt.Printf("%x\n", md5.Sum([]byte("etag")))
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Hour)
	case "tls":
		serve(":8443", true)
	case "tls-deaf": // ignores SIGTERM
		signal.Ignore(syscall.SIGTERM)
		serve(":8443", true)
	case "loopback":
		serve("127.0.0.1:8080", false)
	case "plain":
		serve(":8080", false)
	case "md5-later": // serves, and needs MD5 before it does
		fmt.Printf("%x\n", md5.Sum([]byte("etag")))
		serve(":8080", false)
	case "once": // ends as soon as someone connects
		listener, _ := net.Listen("tcp", ":8080")
		listener.Accept()
		listener.Accept()
	case "flood":
		line := strings.Repeat("flood ", 20) + "\n"
		fmt.Println("first line")
		for {
			os.Stdout.WriteString(line)
		}
	case "fill":
		block := make([]byte, 1<<20)
		file, _ := os.Create("/fill")
		for {
			if _, err := file.Write(block); err != nil {
				time.Sleep(time.Hour)
			}
		}
	case "fork":
		for {
			child := exec.Command("/workload", "fork")
			if child.Start() != nil {
				time.Sleep(10 * time.Millisecond)
			}
		}
	case "memory":
		var held [][]byte
		for {
			block := make([]byte, 64<<20)
			for at := 0; at < len(block); at += 4096 {
				block[at] = 1
			}
			held = append(held, block)
		}
	}
}

func serve(address string, secure bool) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	if secure {
		listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{certificate()},
		})
	}
	fmt.Fprintln(os.Stderr, "listening")
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer connection.Close()
			fmt.Fprint(connection, "HTTP/1.1 200 OK\r\n\r\n")
		}()
	}
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
