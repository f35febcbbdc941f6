/** What the gateway bench puts load with, and the peer beside it: wrk, nginx, raw connections. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onFreePort, whenSaid } from '@glimmr/dev/server-ports'
import type { BenchServer } from './gateway-server.ts'

export function isPresent(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}

export type Running = {
  port: number
  pid: number
  usage(): Promise<Usage>
  stop(): Promise<void>
  /** By SIGTERM, as a restart does. */
  close(): Promise<void>
}
export type Usage = { cpuMs: number; rssMb: number }

/** Variables and node's own arguments for the process. */
export type ProcessOptions = { env?: Record<string, string>; flags?: string[] }

export async function startServer(
  settings: BenchServer,
  { env = {}, flags = [] }: ProcessOptions = {},
): Promise<Running> {
  const script = fileURLToPath(new URL('gateway-server.ts', import.meta.url))
  const child = spawn(process.execPath, [...flags, script], {
    env: { ...process.env, ...env, GATEWAY_BENCH: JSON.stringify(settings) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const { port, pid } = await nextLine<{ port: number; pid: number }>(lines, child)
  return {
    port,
    pid,
    usage: () => {
      child.stdin.write('\n')
      return nextLine<Usage>(lines, child)
    },
    stop: () => end(child, 'SIGKILL'),
    close: () => end(child, 'SIGTERM'),
  }
}

function nextLine<Value>(lines: Interface, child: ChildProcess): Promise<Value> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`the server ended with ${code}`))
    child.once('exit', gone)
    lines.once('line', line => {
      child.off('exit', gone)
      resolve(JSON.parse(line) as Value)
    })
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

/** One worker, keep-alive to the service, an access log: what the gateway does as well, but without auth and limits. */
export function startNginx(folder: string, servicePort: number, token: string) {
  return onFreePort(port => startNginxOn(port, { folder, servicePort, token }))
}

type Peer = { folder: string; servicePort: number; token: string }

async function startNginxOn(port: number, { folder, servicePort, token }: Peer) {
  const file = join(folder, `nginx-${port}.conf`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/nginx-${port}.pid; error_log stderr notice;
events { worker_connections 4096; }
http {
  access_log ${folder}/nginx-${port}.log; ${temporary}
  keepalive_requests 100000000;
  upstream service { server 127.0.0.1:${servicePort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service; proxy_http_version 1.1; proxy_max_temp_file_size 0;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Authorization "Bearer ${token}";
    }
  }
}`,
    { mode: 0o600 },
  )
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: ['ignore', 'ignore', 'pipe'] })
  await whenSaid(child, /start worker process \d/, 10_000)
  const stop = async () => {
    if (child.exitCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  return { port, stop }
}

export type Load = { requestsPerSecond: number; p99Ms: number; errors: number }

export async function wrk(url: string, headers: Record<string, string>, seconds: number): Promise<Load> {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const text = await output('wrk', ['-t1', '-c32', `-d${seconds}s`, '--latency', ...lines, url])
  const [, amount = '0', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? []
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    p99Ms: Number(amount) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? 1),
    errors: Number(bad),
  }
}

function output(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', () => resolve(text))
  })
}

/** Reads an answer to its end without looking at it. MB a second. */
export function download(port: number, path: string, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const started = performance.now()
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: Buffer.alloc(1 << 20),
        callback: size => {
          bytes += size
          return true
        },
      },
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(bytes / 1e6 / ((performance.now() - started) / 1000)))
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`,
    )
  })
}

/** The most memory that a process has ever had, in MB. */
export function peakRssMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}
