//! As much of HTTP as it takes to ask a server of one's own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, as it was sent but for the chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The body as a text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `data` of an answer of Prometheus' API.
    ///
    /// # Errors
    ///
    /// Its `error`.
    ///
    /// # Panics
    ///
    /// If it is not of that API.
    pub fn data(&self) -> Result<Value, String> {
        let mut answer = self.json();
        match (answer["status"].as_str(), answer["error"].as_str()) {
            (Some("success"), _) => Ok(answer["data"].take()),
            (Some("error"), Some(error)) => Err(error.to_owned()),
            _ => panic!("not an answer of the API: {answer}"),
        }
    }
}

/// A connection that is kept open from one question to the next.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    /// Connects to `host:port`.
    ///
    /// # Errors
    ///
    /// If nobody listens.
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(2)))?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    ///
    /// If the connection breaks, or what comes is no HTTP.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || method != "GET" {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        // In one write: the system would hold back the second of two small ones.
        let mut bytes = (request + "\r\n").into_bytes();
        bytes.extend_from_slice(body);
        self.stream.get_mut().write_all(&bytes)?;
        self.answer(method == "HEAD")
    }

    /// Sends the parameters of a query as a form, as Grafana does, and gives the `data` of the answer.
    ///
    /// # Errors
    ///
    /// The `error` of the answer.
    ///
    /// # Panics
    ///
    /// If the connection breaks.
    pub fn ask(&mut self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &form, pairs.join("&").as_bytes()).expect("the server answers").data()
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn answer(&mut self, without_body: bool) -> io::Result<Answer> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(invalid)?;
        let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(invalid)?;
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = answer.header("content-length").map(|length| length.parse::<usize>().map_err(|_| invalid()));
        if without_body || matches!(status, 204 | 304) {
            return Ok(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).map_err(|_| invalid())?;
                if size == 0 {
                    self.line()?;
                    return Ok(answer);
                }
                let before = answer.body.len();
                answer.body.resize(before + size, 0);
                self.stream.read_exact(&mut answer.body[before..])?;
                self.line()?;
            }
        }
        match length {
            Some(length) => {
                answer.body.resize(length?, 0);
                self.stream.read_exact(&mut answer.body)?;
            }
            None => {
                self.stream.read_to_end(&mut answer.body)?;
            }
        }
        Ok(answer)
    }
}

/// A text as it stands in a URL or a form.
#[must_use]
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What is understood of the bytes that a server sends.
    #[track_caller]
    fn check(sent: &'static str, status: u16, body: &str) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let server = thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept()?.0);
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line)?;
            }
            stream.get_mut().write_all(sent.as_bytes())
        });
        let answer = Connection::open(&address).and_then(|mut connection| connection.send("GET", "/", &[], b""));
        let answer = answer.expect("there is an answer");
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        server.join().expect("the server ends").expect("the server could write");
    }

    #[test]
    fn answers_are_read_to_their_end() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc");
        check(
            "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n",
            404,
            "abc0123456789",
        );
        check("HTTP/1.0 503 Busy\r\n\r\nuntil the end", 503, "until the end");
        check("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
    }

    #[test]
    fn what_means_something_in_a_url_is_encoded() {
        assert_eq!(encode("a{b=~\"c.+\"} + é"), "a%7Bb%3D~%22c.%2B%22%7D%20%2B%20%C3%A9");
    }
}
