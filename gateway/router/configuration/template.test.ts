import t from 'tap'
import { renderTemplate } from './template.ts'

const render = (source: string, env = {}) => renderTemplate(source, env, 'routes.yml')

t.test('a variable, its default, and pipes in the order of sprig', t => {
  t.equal(render('url: {{ env "URL" }}', { URL: 'http://a' }), 'url: http://a')
  t.equal(render('url: {{ env "URL" | default "http://b" }}'), 'url: http://b')
  t.equal(render('url: {{ default "http://b" "" | upper }}'), 'url: HTTP://B')
  t.equal(render('{{ env "A" | quote }}', { A: 'x"y' }), '"x\\"y"')
  t.equal(render('{{ env "A" | trim | squote }}', { A: ' x ' }), "'x'")
  t.equal(render('{{ `raw | text` }}'), 'raw | text')
  t.end()
})

t.test('a block is kept or dropped whole, and lines keep their numbers', t => {
  const source = 'a: 1\n{{- if env "HSTS" }}\nb: 2\n{{ else }}\nc: 3\n{{ end }}\nd: 4'
  t.equal(render(source, { HSTS: '1' }).split('\n')[6], 'd: 4')
  t.match(render(source, { HSTS: '1' }), /b: 2/)
  t.notMatch(render(source, { HSTS: '1' }), /c: 3/)
  t.equal(render(source).split('\n')[6], 'd: 4')
  t.match(render(source), /c: 3/)
  t.equal(render('{{/* a comment\nof two lines */}}x\ny').split('\n')[2], 'y')
  t.end()
})

t.test('a dash takes the white space away as in Go, and lines keep their numbers all the same', t => {
  t.equal(render('port: 80{{- env "X" }}', { X: '80' }), 'port: 8080')
  t.equal(render('a: {{ env "X" -}} \n  b\nc', { X: 'x' }), 'a: xb\n\nc')
  t.equal(
    render('a: 1\n{{- if env "X" }}\nb: 2\n{{- end }}\nc: 3', { X: '1' }).split('\n').indexOf('c: 3'),
    4,
  )
  t.equal(render('a: 1\n{{- if env "X" }}\nb: 2\n{{- end }}\nc: 3').split('\n').indexOf('c: 3'), 4)
  t.equal(render('{{/* a comment\nof two lines */ -}}\n x\ny').split('\n')[3], 'y')
  t.equal(render('{{-1}}'), '-1', 'without a blank it is a number')
  t.end()
})

t.test('an inner block of a dropped one is dropped, whatever it asks', t => {
  t.equal(render('{{ if env "A" }}{{ if env "B" }}x{{ else }}y{{ end }}{{ end }}z', { B: '1' }), 'z')
  t.end()
})

t.test('what Traefik may read differently is a fault with its line', t => {
  const fails = (source: string, pattern: RegExp) => t.throws(() => render(source), { message: pattern })
  fails('a: 1\nb: {{ exec "rm" }}', /^routes\.yml:2: .*"exec"/)
  fails('{{ env "A"', /has no }}/)
  fails('{{ if env "A" }}', /no {{ end }}/)
  fails('{{ end }}', /closes nothing/)
  fails('{{ else }}', /outside/)
  fails('{{ | }}', /empty/)
  fails('{{ .Values.x }}', /does not know/)
  fails('{{ constructor "x" }}', /"constructor"/)
  t.throws(() => render('{{ env "A" }}', { A: 'x\ninjected: true' }), { message: /line break/ })
  t.end()
})
