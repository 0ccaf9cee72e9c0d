//! The type of an application that the server can run.

use std::fmt::Debug;

use actix_http::Request;
use actix_web::{
    body::MessageBody,
    dev::{AppConfig, Service, ServiceFactory, ServiceResponse},
};

/// An actix-web application, with the trait bounds that `actix_web::HttpServer` requires.
pub trait Application:
    ServiceFactory<
        Request,
        Config = AppConfig,
        Response = ServiceResponse<Self::Body>,
        Error = actix_web::Error,
        InitError: Debug,
        Future: 'static,
        Service: Service<Request, Future: 'static> + 'static,
    > + 'static
{
    /// The body of responses.
    type Body: MessageBody + 'static;
}

impl<S, B> Application for S
where
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError: Debug,
            Future: 'static,
            Service: Service<Request, Future: 'static> + 'static,
        > + 'static,
    B: MessageBody + 'static,
{
    type Body = B;
}
