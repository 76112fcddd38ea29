//! What the examples of fieldrun run: the query-response service that stands for the services of
//! a company, the network of services that it makes up, and the crowd with its oracle.

pub mod crowd;
pub mod demo;
pub mod enterprise;
pub mod qr;
