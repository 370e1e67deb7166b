'use strict'
// For Node older than 22.21, or 23: TLS connections go through HTTPS_PROXY, as NODE_USE_ENV_PROXY has newer ones do.
// Loaded by `run --intercept` with NODE_OPTIONS. Bytes cross as they are; nothing here reads them.

const net = require('net')
const tls = require('tls')
const { Duplex } = require('stream')

const proxy = process.env.HTTPS_PROXY || process.env.https_proxy
const [major, minor] = process.versions.node.split('.').map(Number)
const direct = (process.env.NO_PROXY || process.env.no_proxy || '')
  .split(',')
  .map((entry) => entry.trim().toLowerCase())
  .filter(Boolean)

function isDirect(host) {
  return direct.some((entry) => entry === '*' || host === entry || host.endsWith(entry.replace(/^\.?/, '.')))
}

// A connection that the proxy makes: what is written before it stands waits.
class Tunnel extends Duplex {
  constructor(host, port) {
    super()
    const { hostname, port: at } = new URL(proxy)
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
    this.raw = net.connect({ host: hostname, port: Number(at) || 80, noDelay: true })
    this.raw.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
    this.begin = null
    this.answer = Buffer.alloc(0)
    this.raw.on('data', (data) => this.take(data))
    this.raw.on('end', () => this.push(null))
    this.raw.on('error', (error) => this.destroy(error))
    this.raw.on('close', () => this.readableEnded || this.readableLength || this.destroy())
  }

  take(data) {
    if (this.answer === null) {
      if (!this.push(data)) this.raw.pause()
      return
    }
    this.answer = Buffer.concat([this.answer, data])
    const end = this.answer.indexOf('\r\n\r\n')
    if (end < 0) return
    const line = this.answer.toString('latin1', 0, this.answer.indexOf('\r\n'))
    if (!/^HTTP\/1\.\d 2/.test(line)) {
      this.destroy(Object.assign(new Error(`the proxy answered ${line.slice(9)}`), { code: 'ECONNREFUSED' }))
      return
    }
    const rest = this.answer.subarray(end + 4)
    this.answer = null
    if (rest.length) this.push(rest)
    if (this.begin) this.begin()
  }

  _read() {
    this.raw.resume()
  }

  _write(data, encoding, done) {
    if (this.answer === null) this.raw.write(data, done)
    else this.begin = () => this.raw.write(data, done)
  }

  _final(done) {
    this.raw.end(done)
  }

  _destroy(error, done) {
    this.raw.destroy()
    done(error)
  }
}

function install() {
  const connect = tls.connect
  tls.connect = function (...given) {
    const [named, listener] = net._normalizeArgs(given)
    const options = Object.assign({}, named, ...given.filter((value) => value && typeof value === 'object'))
    const host = String(options.host || 'localhost').toLowerCase()
    if (options.socket || options.path || isDirect(host)) return connect.apply(this, given)
    const tunnel = new Tunnel(host, options.port || 443)
    const socket = connect.call(this, { ...options, socket: tunnel }, listener)
    // An idle connection keeps no program alive that has let go of it.
    for (const name of ['ref', 'unref']) {
      socket[name] = function () {
        tunnel.raw[name]()
        return this
      }
    }
    return socket
  }
}

if (proxy && !(major >= 24 || (major === 22 && minor >= 21))) install()
