//! Who may talk to the live view: the browser to which the address was given, and nobody else.
//!
//! Other people of this machine can reach the port, and so can any web page that the browser
//! shows. The secret in the path keeps both out; that a request was meant for this address (`Host`)
//! and comes from the page itself (`Origin`) keeps out pages that another name was bound to it for.

use ring::rand::{SecureRandom, SystemRandom};

/// What a request says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claims<'a> {
    pub(super) path: &'a str,
    pub(super) host: Option<&'a str>,
    pub(super) origin: Option<&'a str>,
    /// `Sec-Fetch-Site`, which browsers set.
    pub(super) site: Option<&'a str>,
}

/// Lets requests in or not.
pub(super) struct Gate {
    port: u16,
    secret: String,
}

impl Gate {
    /// With a new secret.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn new(port: u16) -> Result<Self, String> {
        let mut bytes = [0; 16];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| "the system gives no random numbers".to_owned())?;
        let secret = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { port, secret })
    }

    /// The address of the page.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.secret)
    }

    /// The rest of the path of a request that is let in, after the secret and a slash.
    pub(super) fn admit<'a>(&self, claims: Claims<'a>) -> Option<&'a str> {
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let host = claims.host.filter(|host| hosts.iter().any(|own| own == host))?;
        let foreign = claims.origin.is_some_and(|origin| origin != format!("http://{host}"));
        let elsewhere = claims.site.is_some_and(|site| !matches!(site, "same-origin" | "none"));
        if foreign || elsewhere {
            return None;
        }
        let (secret, rest) = claims.path.strip_prefix('/')?.split_once('/')?;
        self.is_secret(secret).then_some(rest)
    }

    /// Takes as long for any text of that length.
    fn is_secret(&self, text: &str) -> bool {
        let pairs = self.secret.bytes().zip(text.bytes());
        text.len() == self.secret.len() && pairs.fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_itself_is_let_in() {
        let gate = Gate::new(4000).expect("random numbers");
        let path = format!("/{}/frame", gate.secret);
        let good = Claims {
            path: &path,
            host: Some("127.0.0.1:4000"),
            origin: Some("http://127.0.0.1:4000"),
            site: Some("same-origin"),
        };
        assert_eq!(gate.admit(good), Some("frame"));
        // What a person types has no origin.
        assert_eq!(gate.admit(Claims { origin: None, site: Some("none"), ..good }), Some("frame"));
        let refused = [
            Claims { path: "/frame", ..good },
            Claims { path: "/00000000000000000000000000000000/frame", ..good },
            Claims { path: "//frame", ..good },
            // A name that somebody bound to this address.
            Claims { host: Some("evil.example:4000"), origin: None, ..good },
            Claims { host: Some("127.0.0.1:4001"), ..good },
            Claims { host: None, ..good },
            Claims { origin: Some("http://evil.example"), ..good },
            Claims { origin: Some("null"), ..good },
            Claims { site: Some("cross-site"), origin: None, ..good },
        ];
        for claims in refused {
            assert_eq!(gate.admit(claims), None, "{claims:?}");
        }
    }

    #[test]
    fn every_run_has_another_secret() {
        let [a, b] = [Gate::new(1), Gate::new(1)].map(|gate| gate.expect("random numbers").secret);
        assert_eq!(a.len(), 32);
        assert_ne!(a, b);
    }
}
