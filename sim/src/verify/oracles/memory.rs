//! `protelis:coord:nonselfstabilizing:*`: what remembers.

use super::numbers;
use crate::verify::plain;
use crate::verify::site::Site;
use crate::verify::wanted::Wanted;

pub(crate) fn greatest(site: &Site) -> Vec<Wanted> {
    numbers(plain::over_joined(site, &site.values(), f64::max))
}
