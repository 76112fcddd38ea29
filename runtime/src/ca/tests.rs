use super::*;
use std::fs;

fn year() -> Validity {
    Validity::days(SystemTime::now(), 365)
}

fn cluster() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), "acme", year()).unwrap();
    let path = dir.path().to_owned();
    (dir, path)
}

#[test]
fn a_node_certificate_says_who_it_is() {
    let (_dir, ca) = cluster();
    let now = SystemTime::now();
    let services = ["db".to_owned(), "Büro 1".to_owned()];
    let files = issue(&ca, &ca.join("n1"), "n1", &services, year(), now).unwrap();
    let info = show(&files.certificate, now).unwrap();
    assert_eq!(
        info.subject,
        Subject::Node(Identity {
            cluster: "acme".into(),
            node: "n1".into(),
            services: vec!["Büro 1".into(), "db".into()],
        })
    );
    assert!(info.valid_now);
    assert_eq!(info.fingerprint.len(), 64);
    assert!(info.to_string().contains("node         n1 of cluster acme"), "{info}");
    let days_from_now = |days: u32| unix_seconds(now + DAY * days);
    assert_eq!(info.ends_soon(days_from_now(200)), None);
    assert_eq!(info.ends_soon(days_from_now(360)), Some(5));
    let later = show(&files.certificate, now + DAY * 366).unwrap();
    assert!(!later.valid_now && later.to_string().contains("not valid now"));
}

#[test]
fn keys_are_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, ca) = cluster();
    let mode = fs::metadata(ca.join("ca.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(ca.join("ca.key")).unwrap();
    assert!(matches!(init(&ca, "acme", year()), Err(CaError::Exists(_))));
    assert_eq!(fs::read(ca.join("ca.key")).unwrap(), before);
    let now = SystemTime::now();
    issue(&ca, &ca, "n1", &[], year(), now).unwrap();
    assert!(matches!(issue(&ca, &ca, "n1", &[], year(), now), Err(CaError::Exists(_))));
}

#[test]
fn what_cannot_sign_is_named() {
    let (_dir, ca) = cluster();
    let now = SystemTime::now();
    let error = issue(&ca.join("none"), &ca, "n1", &[], year(), now).unwrap_err();
    assert!(matches!(error, CaError::NoAuthority(_)), "{error}");

    let later = issue(&ca, &ca, "n1", &[], year(), now + DAY * 400).unwrap_err();
    assert!(matches!(later, CaError::Expired { .. }), "{later}");

    let other = tempfile::tempdir().unwrap();
    init(other.path(), "acme", year()).unwrap();
    fs::copy(other.path().join("ca.key"), ca.join("ca.key")).unwrap();
    let foreign = issue(&ca, &ca, "n1", &[], year(), now).unwrap_err();
    assert!(foreign.to_string().contains("another certificate"), "{foreign}");

    fs::write(ca.join("ca.key"), "nonsense").unwrap();
    let garbled = issue(&ca, &ca, "n1", &[], year(), now).unwrap_err();
    assert!(garbled.to_string().contains("ca.key is no private key"), "{garbled}");

    let leaf = issue(other.path(), other.path(), "n1", &[], year(), now).unwrap();
    fs::copy(leaf.certificate, ca.join("ca.pem")).unwrap();
    let leaf = issue(&ca, &ca, "n2", &[], year(), now).unwrap_err();
    assert!(leaf.to_string().contains("a node's certificate"), "{leaf}");
}

#[test]
fn bad_names_are_refused() {
    let (_dir, ca) = cluster();
    let now = SystemTime::now();
    assert!(matches!(issue(&ca, &ca, "N 1", &[], year(), now), Err(CaError::Name(_))));
    let service = ["a\nb".to_owned()];
    assert!(matches!(issue(&ca, &ca, "n1", &service, year(), now), Err(CaError::Name(_))));
    assert!(matches!(init(&ca.join("x"), "", year()), Err(CaError::Name(_))));
    let missing = show(&ca.join("nothing.pem"), now).unwrap_err();
    assert!(missing.to_string().contains("nothing.pem"), "{missing}");
}
