use super::*;
use crate::identity::Identity;
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

/// An authority with a node `n1`, which may publish `db`.
fn with_node() -> (tempfile::TempDir, PathBuf, Files) {
    let (dir, ca) = cluster();
    let services = ["db".to_owned()];
    let now = SystemTime::now();
    let files = issue(&ca, &ca.join("n1"), "n1", &services, year(), now).unwrap();
    (dir, ca, files)
}

#[test]
fn a_renewed_certificate_has_the_same_names_and_another_number() {
    let (_dir, ca, files) = with_node();
    let now = SystemTime::now();
    let (old, key) = (show(&files.certificate, now).unwrap(), fs::read(&files.key).unwrap());
    let longer = Validity::days(now, 700);

    let renewed = renew(&ca, &files.certificate, None, false, longer, now).unwrap();
    let new = show(&files.certificate, now).unwrap();
    assert_eq!((&new.subject, renewed.key), (&old.subject, None));
    assert!(new.serial != old.serial && new.valid_until_seconds > old.valid_until_seconds);
    assert_eq!(fs::read(&files.key).unwrap(), key, "the key stays");
    assert_eq!(show(&renewed.kept[0], now).unwrap(), old, "nothing is lost");

    let renewed = renew(&ca, &files.certificate, None, true, longer, now).unwrap();
    assert_eq!(renewed.key, Some(files.key.clone()));
    assert_ne!(fs::read(&files.key).unwrap(), key);
    assert_eq!(fs::read(files.key.with_added_extension("old")).unwrap(), key);
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(&files.key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A key that was kept is never overwritten.
    let again = renew(&ca, &files.certificate, None, true, longer, now).unwrap_err();
    assert!(matches!(again, CaError::Exists(_)), "{again}");
    // Elsewhere, nothing is replaced.
    let out = ca.join("out");
    let renewed = renew(&ca, &files.certificate, Some(&out), true, longer, now).unwrap();
    assert!(renewed.certificate.starts_with(&out) && renewed.kept.is_empty());

    let (_other, theirs, alien) = with_node();
    let refused = renew(&ca, &alien.certificate, None, false, longer, now).unwrap_err();
    assert!(refused.to_string().contains("another authority signed it"), "{refused}");
    revoke(&theirs, &Which::Node("n1".into()), None, now).unwrap();
    let refused = renew(&theirs, &alien.certificate, None, false, longer, now).unwrap_err();
    assert!(refused.to_string().contains("was revoked"), "{refused}");
}

#[test]
fn what_is_revoked_is_on_a_list_that_only_the_authority_can_sign() {
    let (_dir, ca, files) = with_node();
    let now = SystemTime::now();
    let crl = ca.join("revoked.pem");
    let root = || vec![read_certificate(&ca.join("ca.pem")).unwrap()];
    let first = Lists::load(&crl, &root()).unwrap();
    assert_eq!(first.revoked, 0, "an empty list is there from the beginning");

    let serial = show(&files.certificate, now).unwrap().serial;
    let done = revoke(&ca, &Which::Node("n1".into()), Some("stolen"), now).unwrap();
    assert_eq!(done.revoked, [("n1".to_owned(), serial.clone())]);
    assert_eq!(show_revoked(&crl).unwrap()[0].serials, std::slice::from_ref(&serial));
    let second = Lists::load(&crl, &root()).unwrap();
    assert!(second.revoked == 1 && second.number > first.number, "numbers rise");
    let again = revoke(&ca, &Which::Serial(serial.to_uppercase()), None, now).unwrap();
    assert!(again.revoked.is_empty(), "revoked already");
    let nobody = revoke(&ca, &Which::Node("n9".into()), None, now).unwrap_err();
    assert!(nobody.to_string().contains("node `n9`"), "{nobody}");
    let all = list(&ca, now).unwrap();
    assert_eq!(all[0].standing, Standing::Revoked);
    assert_eq!(all[0].issued.reason.as_deref(), Some("stolen"));

    // A certificate from before lists were kept is known by its file.
    let old = issue(&ca, &ca, "n2", &[], year(), now).unwrap();
    fs::remove_file(ca.join("issued.jsonl")).unwrap();
    revoke(&ca, &Which::File(old.certificate), None, now).unwrap();

    let (_other, theirs, alien) = with_node();
    let foreign = revoke(&ca, &Which::File(alien.certificate), None, now).unwrap_err();
    assert!(matches!(foreign, CaError::NotIssued { .. }), "{foreign}");
    let foreign = Lists::load(&theirs.join("revoked.pem"), &root()).unwrap_err();
    assert!(foreign.to_string().contains("none of this cluster's authorities"), "{foreign}");
    // The list of another authority under our name, and damage of our own.
    let text = fs::read_to_string(&crl).unwrap();
    let at = text.len() / 2;
    let other = if text.as_bytes()[at] == b'A' { 'B' } else { 'A' };
    fs::write(&crl, format!("{}{other}{}", &text[..at], &text[at + 1..])).unwrap();
    assert!(Lists::load(&crl, &root()).is_err(), "a forged list counts");
}

#[test]
fn an_authority_gives_way_to_another_without_leaving_a_node_behind() {
    let (_dir, ca, files) = with_node();
    let now = SystemTime::now();
    let old = show(&ca.join("ca.pem"), now).unwrap();
    assert!(matches!(finish(&ca, false, now), Err(CaError::Rotation(_))), "none is under way");
    rotate(&ca, year(), now).unwrap();
    assert!(matches!(rotate(&ca, year(), now), Err(CaError::Rotation(_))), "one is under way");
    let both = show_all(&ca.join("ca.pem"), now).unwrap();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0], old, "the old one comes first, so that old readers still find it");
    assert_eq!(list(&ca, now).unwrap()[0].standing, Standing::OldAuthority);
    assert_eq!(show_revoked(&ca.join("revoked.pem")).unwrap().len(), 2, "each has its list");

    // What the old one issued can be revoked by it, and renewed by the new one.
    let behind = finish(&ca, false, now).unwrap_err();
    assert!(behind.to_string().contains("n1"), "{behind}");
    renew(&ca, &files.certificate, None, false, year(), now).unwrap();
    let all = list(&ca, now).unwrap();
    assert_eq!(all[0].standing, Standing::Renewed);
    assert_eq!(all[1].standing, Standing::Valid);
    assert_eq!(all[1].issued.authority, both[1].fingerprint);
    let done = finish(&ca, false, now).unwrap();
    assert!(done.left_behind.is_empty() && done.retired_key.exists());
    assert_eq!(show_all(&ca.join("ca.pem"), now).unwrap(), [both[1].clone()]);
    assert!(!ca.join("next.key").exists());
    issue(&ca, &ca.join("n2"), "n2", &[], year(), now).unwrap();
    revoke(&ca, &Which::Node("n1".into()), None, now).unwrap();
}

#[test]
fn a_list_that_is_garbled_is_named_with_its_line() {
    let (_dir, ca, _files) = with_node();
    let path = ca.join("issued.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{{\"node\":7}}\n")).unwrap();
    let error = list(&ca, SystemTime::now()).unwrap_err().to_string();
    assert!(error.contains("issued.jsonl") && error.contains("line 2"), "{error}");
    let before = fs::read(&path).unwrap();
    assert!(issue(&ca, &ca, "n2", &[], year(), SystemTime::now()).is_err());
    assert_eq!(fs::read(&path).unwrap(), before, "what is garbled is not overwritten");
}
