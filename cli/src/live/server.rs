//! HTTP, with limits: how many connections, how long a request may take to arrive, how large it is.

use super::Live;
use super::api::{self, Answer, MAX_BODY, Request};
use super::gate::Claims;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The most connections at a time; a browser opens up to six.
const MAX_CONNECTIONS: usize = 32;
/// How long the head of a request, and then its body, may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);
/// The page loads nothing but its own files, and no other page may hold it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers requests until the process ends.
pub(super) async fn serve(listener: TcpListener, live: Arc<Live>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // A semaphore that nobody closes always has a place in the end.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely; some become free.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let live = live.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(live.clone(), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(ARRIVAL)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            // A browser that goes away in the middle is nothing to speak of.
            let _ = connection.await;
            drop(place);
        });
    }
}

async fn respond(
    live: Arc<Live>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let claims = Claims {
        path: head.uri.path(),
        host: text(&head.headers, "host"),
        origin: text(&head.headers, "origin"),
        site: text(&head.headers, "sec-fetch-site"),
    };
    let Some(path) = live.gate.admit(claims) else {
        let why = "this address is known only to the browser that fieldrun gave it to";
        return Ok(response(StatusCode::FORBIDDEN, TEXT, why.into()));
    };
    let post = match head.method {
        Method::GET => false,
        Method::POST => true,
        _ => return Ok(response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "GET or POST".into())),
    };
    let arriving = Limited::new(body, MAX_BODY).collect();
    let Ok(Ok(body)) = tokio::time::timeout(ARRIVAL, arriving).await else {
        let why = format!("a body has at most {MAX_BODY} bytes, and arrives within 10 s");
        return Ok(response(StatusCode::PAYLOAD_TOO_LARGE, TEXT, why.into()));
    };
    let body = body.to_bytes().to_vec();
    let query = head.uri.query().unwrap_or("");
    let answer = api::answer(&live, Request { post, path, query, body }).await;
    Ok(match answer {
        Answer::File(kind, text) => response(StatusCode::OK, kind, text.into()),
        Answer::Bytes(bytes) => response(StatusCode::OK, BYTES, bytes.into()),
        Answer::Json(json) => response(StatusCode::OK, JSON, json.to_string().into()),
        Answer::Wrong(why) => response(StatusCode::BAD_REQUEST, TEXT, why.into()),
        Answer::Missing => response(StatusCode::NOT_FOUND, TEXT, "there is nothing here".into()),
        Answer::Busy => response(
            StatusCode::SERVICE_UNAVAILABLE,
            TEXT,
            "the run has more to do than it can".into(),
        ),
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // A header that is no text is as good as a wrong one.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let fixed = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
