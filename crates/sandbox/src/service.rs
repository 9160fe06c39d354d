//! The one function through which every call passes: number it, wait, let it be disturbed, answer, sign off, tell.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Collected, Full};

use crate::account::Account;
use crate::call::Call;
use crate::caller::Caller;
use crate::config::Answered;
use crate::disturbance::{Arrived, Fault};
use crate::received::{Received, Target};
use crate::refusal::Refusal;
use crate::s3::S3;
use crate::store::Store;
use crate::sts::STEP;
use crate::trace::Trace;
use crate::under_way;
use crate::wire::{Cut, Reply, Wire};
use crate::{query, s3control};

/// All services.
#[derive(Debug)]
pub(crate) struct Service {
    account: Arc<Account>,
    s3: S3,
    store: Option<Store>,
    trace: Option<Trace>,
}

impl Service {
    /// The services of an account: what is kept, and what is written down.
    pub(crate) fn new(account: Arc<Account>, store: Option<Store>, trace: Option<Trace>) -> Self {
        Self { s3: S3::new(&account), account, store, trace }
    }

    /// Answers one request, or cuts its connection. Faults, delays and records of calls belong here and nowhere
    /// else.
    pub(crate) async fn answer<B>(&self, request: Request<B>, wire: &Wire) -> Result<Response<Reply>, Cut>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let call = Arc::new(Call::new(&self.account));
        let mut told =
            Answered { number: call.number, arrived: self.account.running(), ..Answered::default() };
        let received = Received::read(request).await;
        told.call = received.call();
        told.access_key_id = received.access_key_id();
        let token = received.security_token();
        let known = told.access_key_id.as_deref().map(|id| Caller::of(&self.account, id, token.as_deref()));
        let subject = under_way::subject(&received).filter(|_| matches!(known, Some(Ok(_))));
        let claim = subject.map(|subject| self.account.under_way.begin(call.number, subject));
        let head = received.parts.method == Method::HEAD;
        if let Some(latency) = self.account.config.latency {
            tokio::time::sleep(latency).await;
        }
        let fault = self.fault(&told).await;
        told.fault = fault.name();
        let mut response = self.carry_out(received, &call, &fault).await;
        if let Some(response) = &mut response {
            if head || response.status() == StatusCode::NOT_MODIFIED {
                // An answer without a body; of a HEAD the length is that of the object.
                *response.body_mut() = Full::default();
            }
            call.sign_off(response);
            told.status = response.status().as_u16();
        }
        told.operation = call.operation().unwrap_or("unknown").to_owned();
        told.step = call.noted(STEP);
        told.answered = self.account.running();
        if let Some(trace) = &self.trace {
            trace.write(&told);
        }
        if let Some(observer) = &self.account.config.observer {
            observer.see(told);
        }
        drop(claim);
        send(response, &fault, wire).await
    }

    async fn fault(&self, told: &Answered) -> Fault {
        let Some(disturbance) = &self.account.config.disturbance else { return Fault::None };
        let arrived = Arrived {
            number: told.number,
            call: told.call.clone(),
            access_key_id: told.access_key_id.clone(),
        };
        disturbance.decide(arrived).await
    }

    /// Does what is asked for, or what the fault lets of it; nothing when there is no answer to speak of.
    async fn carry_out(
        &self,
        received: Received,
        call: &Arc<Call>,
        fault: &Fault,
    ) -> Option<Response<Full<Bytes>>> {
        match fault {
            Fault::CutBefore | Fault::Silent { carried_out: false } => None,
            Fault::Refuse { status, code, message } => {
                let refusal = Refusal::new(code.clone(), *status, message.clone());
                Some(refuse(&received.target, &refusal, call))
            }
            Fault::Stale if received.only_reads() => {
                let then = Self::new(Arc::new(self.account.before_the_last_change()), None, None);
                Some(then.dispatch(received, call).await)
            }
            _ => {
                let target = received.target.clone();
                let response = self.dispatch(received, call).await;
                Some(self.kept(response, &target, call).await)
            }
        }
    }

    /// The answer, when what it tells of is kept; what is not cannot be told.
    async fn kept(
        &self,
        response: Response<Full<Bytes>>,
        target: &Target,
        call: &Call,
    ) -> Response<Full<Bytes>> {
        let Some(store) = &self.store else { return response };
        match store.save(|| self.account.snapshot()).await {
            Ok(()) => response,
            Err(error) => {
                let text = format!("The sandbox cannot save its state: {error}");
                refuse(target, &Refusal::new("InternalError", 500, text), call)
            }
        }
    }

    async fn dispatch(&self, received: Received, call: &Arc<Call>) -> Response<Full<Bytes>> {
        let Received { parts, host, target, body } = received;
        let body = match body {
            Ok(body) => body,
            Err(refusal) => return refuse(&target, &refusal, call),
        };
        match &target {
            Target::Query(api) => query::answer(&self.account, *api, &host, &parts, &body, call).await,
            Target::S3Control { account } => {
                s3control::answer(&self.account, account.as_deref(), &host, &parts, &body, call)
            }
            Target::S3 => self.s3.answer(&self.account, &host, parts, body, call).await,
            Target::Unknown(service) => {
                let text =
                    format!("The sandbox has no service {service}: it has s3, s3-control, iam and sts.");
                refuse(&target, &Refusal::new("NotImplemented", 501, text), call)
            }
        }
    }
}

/// Sends an answer as far as the fault lets it.
async fn send(
    response: Option<Response<Full<Bytes>>>,
    fault: &Fault,
    wire: &Wire,
) -> Result<Response<Reply>, Cut> {
    let Some(response) = response.filter(|_| !matches!(fault, Fault::CutAfter | Fault::Silent { .. })) else {
        if matches!(fault, Fault::Silent { .. }) {
            wire.client_gone().await;
        }
        wire.reset_at_end();
        return Err(Cut);
    };
    if *fault != Fault::CutInBody {
        return Ok(response.map(Reply::from));
    }
    let (parts, body) = response.into_parts();
    // It is in memory: there is no failing, and no waiting.
    let body = body.collect().await.map_or_else(|never| match never {}, Collected::to_bytes);
    if body.is_empty() {
        wire.reset_at_end();
        return Err(Cut);
    }
    Ok(Response::from_parts(parts, Reply::half(&body)))
}

fn refuse(target: &Target, refusal: &Refusal, call: &Call) -> Response<Full<Bytes>> {
    match target {
        Target::S3 => crate::s3::error_response(refusal, call),
        Target::S3Control { .. } => s3control::error_response(refusal, call),
        Target::Query(api) => query::error_response(api.unwrap_or(query::Api::Sts), refusal, call),
        Target::Unknown(_) => query::error_response(query::Api::Sts, refusal, call),
    }
}

/// An XML answer.
pub(crate) fn xml_response(status: u16, body: String, content_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
