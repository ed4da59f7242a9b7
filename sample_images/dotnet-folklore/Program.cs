// Answers every connection on port 8080 with a checksum, made by whatever OpenSSL .NET finds.
using System;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

public static class Program
{
    public static void Main()
    {
        var listener = new TcpListener(IPAddress.Any, 8080);
        listener.Start();
        Console.WriteLine("listening on 8080");
        while (true)
        {
            using (TcpClient client = listener.AcceptTcpClient())
            using (NetworkStream stream = client.GetStream())
            using (SHA256 sha = SHA256.Create())
            using (MD5 md5 = MD5.Create())
            {
                byte[] now = Encoding.ASCII.GetBytes(DateTime.UtcNow.ToString("O"));
                string body = Convert.ToBase64String(sha.ComputeHash(now)) + "\n"
                    + Convert.ToBase64String(md5.ComputeHash(now)) + "\n";
                byte[] answer = Encoding.ASCII.GetBytes("HTTP/1.0 200 OK\r\n\r\n" + body);
                stream.Write(answer, 0, answer.Length);
            }
        }
    }
}
