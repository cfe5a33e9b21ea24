//! A server that answers requests one after the other with what a test prepared, over a socket.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Answers requests one after the other with what a test prepared, and keeps what was asked.
pub struct Answers {
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

pub fn serve(answers: Vec<String>) -> Answers {
    serve_while(answers, || ())
}

/// The same, and something happens on the phone before every answer.
pub fn serve_while(answers: Vec<String>, meanwhile: impl Fn() + Send + 'static) -> Answers {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let mut answers: VecDeque<String> = answers.into();
    let thread = std::thread::spawn(move || {
        while let Some(answer) = answers.pop_front() {
            let (mut stream, _) = listener.accept().unwrap();
            kept.lock().unwrap().push(read_request(&mut BufReader::new(&mut stream)));
            meanwhile();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    Answers { address, seen, thread: Some(thread) }
}

fn read_request(stream: &mut impl BufRead) -> Request {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Request { line: line.trim_end().to_owned(), headers, body }
}

pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

pub fn ok(body: serde_json::Value) -> String {
    answer("200 OK", "content-type: application/json\r\n", &body.to_string())
}

impl Answers {
    pub fn requests(mut self) -> Vec<Request> {
        self.thread.take().unwrap().join().unwrap();
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}
