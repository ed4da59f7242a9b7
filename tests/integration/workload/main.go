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
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
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
	case "wrapper": // starts the server with its approved mode switched off
		child := exec.Command("/workload", "tls")
		child.Env = append(os.Environ(), "GODEBUG=fips140=off", "PASSWORD=secret")
		child.Run()
	case "loopback":
		serve("127.0.0.1:8080", false)
	case "plain":
		serve(":8080", false)
	case "md5-later": // serves, and needs MD5 before it does
		fmt.Printf("%x\n", md5.Sum([]byte("etag")))
		serve(":8080", false)
	case "web": // serves HTTP, and needs MD5 for one path of it
		http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
		http.HandleFunc("/digest", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "%x\n", md5.Sum([]byte("etag")))
		})
		fmt.Println("ready to serve", os.Getenv("PASSWORD"))
		check(http.ListenAndServe(":8080", nil))
	case "once": // ends as soon as someone connects
		listener, _ := net.Listen("tcp", ":8080")
		listener.Accept()
		listener.Accept()
	case "flag": // from many threads at once
		readFlag()
	case "flag-dropped": // as daemons do: begins as root and goes on as somebody else
		check(syscall.Setgid(101))
		check(syscall.Setuid(101))
		fmt.Println("uid", os.Getuid())
		readFlag()
	case "term":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("waiting as", os.Getpid())
		<-asked
		os.Exit(42)
	case "kernel-crypto":
		kernelCrypto("md5")
		kernelCrypto("sha256")
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

const flag = "/proc/sys/crypto/fips_enabled"

// readFlag prints how many of its readings gave 1, and what else can be learned of the file.
func readFlag() {
	var good atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for range 50 {
				if content, err := os.ReadFile(flag); err == nil && string(content) == "1\n" {
					good.Add(1)
				}
			}
		})
	}
	all.Wait()
	fmt.Println("good", good.Load(), "of", 64*50)
	info, err := os.Stat(flag)
	fmt.Println("stat", err == nil && info.Mode() == 0o444)
	fmt.Println("access", syscall.Access(flag, 4), syscall.Access(flag, 2))
	_, err = os.OpenFile(flag, os.O_WRONLY, 0)
	fmt.Println("write", err)
	check(os.Chdir("/proc/sys"))
	content, err := os.ReadFile("crypto/../crypto/fips_enabled")
	fmt.Println("relative", string(content) == "1\n", err)
}

// kernelCrypto prints how the kernel answers a request for an algorithm. Any socket will do: the
// name is looked at before the socket's kind.
func kernelCrypto(name string) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	check(err)
	var address [88]byte
	address[0] = 38 // AF_ALG
	copy(address[2:], "hash")
	copy(address[24:], name)
	bind := map[string]uintptr{"amd64": 49, "386": 361, "arm64": 200}[runtime.GOARCH]
	_, _, code := syscall.Syscall(bind, uintptr(fd),
		uintptr(unsafe.Pointer(&address[0])), uintptr(len(address)))
	fmt.Println(name, code == syscall.ENOENT)
}

func check(err error) {
	if err != nil {
		panic(err)
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
