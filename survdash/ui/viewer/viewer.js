// The slide viewer: a slide that zooms, its tiles coloured by how much each mattered, and what a tile was matched to.
// Everything that is shown comes as data and is set as text, never as markup. OpenSeadragon draws the slide.

const EMPTY = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4BAAA9ADz7eNCbgAAAABJRU5ErkJggg==";
const SCALE_PX = 140;
const STEPS = [1, 2, 5];

let program = null;

function loadProgram(address) {
  if (window.OpenSeadragon) return Promise.resolve();
  program ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = done;
    script.onerror = () => { program = null; script.remove(); failed(new Error(address)); };
    document.head.append(script);
  });
  return program;
}

function make(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function unpack(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Kind(bytes.buffer);
}

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const times = (value) => value.toFixed(2);

function mix(stops, share) {
  const at = share * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), part = at - low;
  return stops[low].map((one, channel) => Math.round(one + (stops[low + 1][channel] - one) * part));
}

class Viewer {
  constructor(host) {
    this.host = host;
    this.opacity = 0.5;
    this.smooth = false;
    this.heat = true;
    this.chosen = null;
    this.build();
  }

  build() {
    this.root = make("div", "sv");
    this.controls = make("div", "sv-controls");
    const main = make("div", "sv-main");
    this.stage = make("div", "sv-stage");
    this.canvas = make("div", "sv-canvas");
    this.buttons = make("div", "sv-buttons");
    this.scale = make("div", "sv-scale");
    this.stage.append(this.canvas, this.buttons, this.scale);
    const side = make("div", "sv-side");
    this.title = make("p", "sv-title");
    this.legend = make("div", "sv-legend");
    this.panel = make("div", "sv-panel");
    this.panel.setAttribute("role", "status");
    this.notes = make("p", "sv-note");
    side.append(this.title, this.legend, this.panel, this.notes);
    main.append(this.stage, side);
    this.galleryTitle = make("p", "sv-title");
    this.gallery = make("div", "sv-gallery");
    this.root.append(this.controls, main, this.galleryTitle, this.gallery);
    this.host.replaceChildren(this.root);
  }

  async update(data) {
    const isOther = this.data?.id !== data.id;
    this.data = data;
    this.read();
    this.drawSide();
    if (isOther) {
      this.chosen = null;
      this.drawControls();
      try {
        await loadProgram(data.program);
        this.open();
      } catch {
        this.notes.textContent = data.words.no_program;
      }
    } else {
      this.paint();
    }
    this.drawGallery();
    this.drawPanel();
  }

  read() {
    const { tiles, shown } = this.data;
    this.x = unpack(tiles.x, Int32Array);
    this.y = unpack(tiles.y, Int32Array);
    this.values = unpack(shown.values, Float32Array);
    this.ranked = this.data.ranked.map((one) => ({ title: one.title, values: unpack(one.values, Float32Array) }));
    const sorted = Float32Array.from(this.values).sort();
    this.sorted = sorted;
    const below = (value, first) => {
      let low = 0, high = sorted.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sorted[middle] < value || (!first && sorted[middle] === value)) low = middle + 1; else high = middle;
      }
      return low;
    };
    // The middle rank of equal values, from 0 for the lowest to 1 for the highest.
    this.rank = this.values.map((value) => {
      const rank = (below(value, true) + below(value, false) - 1) / 2;
      return sorted.length > 1 ? rank / (sorted.length - 1) : 0.5;
    });
    this.lay();
  }

  lay() {
    // One pixel a tile where the tiles lie on a grid: the whole map is then one picture, however many there are.
    const size = this.data.tiles.size, least = (list) => list.reduce((a, b) => Math.min(a, b), Infinity);
    const most = (list) => list.reduce((a, b) => Math.max(a, b), -Infinity);
    this.left = least(this.x);
    this.top = least(this.y);
    const columns = Math.round((most(this.x) - this.left) / size) + 1;
    const rows = Math.round((most(this.y) - this.top) / size) + 1;
    const onGrid = this.x.every((x, i) => (x - this.left) % size === 0 && (this.y[i] - this.top) % size === 0);
    this.index = new Map();
    this.picture = null;
    if (!onGrid || columns * rows > 4e6) return;
    this.picture = make("canvas");
    this.picture.width = columns;
    this.picture.height = rows;
    const context = this.picture.getContext("2d"), image = context.createImageData(columns, rows);
    this.values.forEach((_, i) => {
      const column = (this.x[i] - this.left) / size, row = (this.y[i] - this.top) / size;
      this.index.set(row * columns + column, i);
      image.data.set([...mix(this.data.colours, this.rank[i]), 255], 4 * (row * columns + column));
    });
    context.putImageData(image, 0, 0);
  }

  tileAt(x, y) {
    const size = this.data.tiles.size;
    if (this.picture) {
      const column = Math.floor((x - this.left) / size), row = Math.floor((y - this.top) / size);
      if (column < 0 || row < 0 || column >= this.picture.width) return null;
      return this.index.get(row * this.picture.width + column) ?? null;
    }
    const found = this.x.findIndex((left, i) => x >= left && x < left + size && y >= this.y[i] && y < this.y[i] + size);
    return found < 0 ? null : found;
  }

  drawControls() {
    const { words } = this.data;
    const opacity = make("input");
    Object.assign(opacity, { type: "range", min: 0, max: 100, value: 100 * this.opacity });
    opacity.oninput = () => { this.opacity = opacity.value / 100; this.paint(); };
    const box = (word, name) => {
      const input = make("input"), label = make("label");
      Object.assign(input, { type: "checkbox", checked: this[name] });
      input.onchange = () => { this[name] = input.checked; this.paint(); };
      label.append(input, word);
      return label;
    };
    const label = make("label");
    label.append(words.opacity, opacity);
    this.controls.replaceChildren(box(words.heat, "heat"), label, box(words.smooth, "smooth"));
    const button = (sign, name, act) => {
      const made = make("button", "", sign);
      Object.assign(made, { type: "button", title: name, onclick: act });
      made.setAttribute("aria-label", name);
      return made;
    };
    const zoom = (factor) => () => { this.osd?.viewport.zoomBy(factor); this.osd?.viewport.applyConstraints(); };
    this.buttons.replaceChildren(
      button("+", words.zoom_in, zoom(1.6)), button("−", words.zoom_out, zoom(1 / 1.6)),
      button("⤢", words.whole, () => this.osd?.viewport.goHome()),
      button("1:1", words.full, () => this.osd?.viewport.zoomTo(this.osd.viewport.imageToViewportZoom(1))),
      button("⇱⇲", words.screen, () => (document.fullscreenElement ? document.exitFullscreen() : this.stage.requestFullscreen())),
    );
  }

  open() {
    const { slide, words } = this.data, { OpenSeadragon } = window;
    this.osd?.destroy();
    const level = slide.url ? slide.last_level : 0;
    this.osd = new OpenSeadragon({
      element: this.canvas, drawer: "canvas", showNavigationControl: false, showNavigator: Boolean(slide.url),
      navigatorPosition: "TOP_RIGHT", maxZoomPixelRatio: 4, minZoomImageRatio: 0.8, visibilityRatio: 0.4,
      animationTime: 0.4, springStiffness: 10, imageLoaderLimit: 4, maxImageCacheCount: 300, timeout: 60000,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true },
      tileSources: {
        width: slide.width, height: slide.height, minLevel: slide.url ? Math.min(8, level) : 0, maxLevel: level,
        tileSize: slide.url ? slide.tile_px : Math.max(slide.width, slide.height), tileOverlap: 0,
        getTileUrl: (at, column, row) => (this.data.slide.url ? `${this.data.slide.url}/tile/${at}/${column}_${row}.jpeg` : EMPTY),
      },
    });
    const canvas = this.osd.canvas;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", words.viewer);
    this.layer = make("canvas", "sv-heat");
    canvas.append(this.layer);
    for (const event of ["update-viewport", "open", "resize", "animation"]) this.osd.addHandler(event, () => this.paint());
    this.osd.addHandler("tile-load-failed", () => { if (this.data.slide.url) this.notes.textContent = words.tile_failed; });
    this.osd.addHandler("canvas-click", (event) => { if (event.quick) this.choose(this.tileUnder(event.position)); });
    // The page scrolls on over a viewer that nobody has taken hold of.
    this.osd.addHandler("canvas-scroll", (event) => {
      if (document.activeElement === canvas || event.originalEvent.ctrlKey || document.fullscreenElement) return;
      event.preventDefaultAction = true;
      event.preventDefault = false;
    });
    this.osd.addHandler("canvas-key", (event) => {
      const { key } = event.originalEvent;
      if (key === "Enter") this.choose(this.tileUnder(new OpenSeadragon.Point(canvas.clientWidth / 2, canvas.clientHeight / 2)));
      if ("rRfF".includes(key)) event.preventDefaultAction = true; // turned or mirrored, the map would lie beside the slide
    });
  }

  tileUnder(position) {
    const item = this.osd.world.getItemAt(0);
    if (!item) return null;
    const at = item.viewerElementToImageCoordinates(position);
    return this.tileAt(at.x, at.y);
  }

  choose(tile) {
    if (tile === null) return;
    this.chosen = tile;
    this.paint();
    this.drawPanel();
    this.drawGallery();
  }

  goTo(tile) {
    const size = this.data.tiles.size, item = this.osd?.world.getItemAt(0);
    if (item) {
      const box = item.imageToViewportRectangle(this.x[tile] - size / 2, this.y[tile] - size / 2, 2 * size, 2 * size);
      this.osd.viewport.fitBoundsWithConstraints(box);
    }
    this.choose(tile);
  }

  paint() {
    const item = this.osd?.world.getItemAt(0);
    if (!item || !this.layer) return;
    const { devicePixelRatio: ratio = 1 } = window, { OpenSeadragon } = window;
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    if (this.layer.width !== Math.round(width * ratio) || this.layer.height !== Math.round(height * ratio)) {
      this.layer.width = Math.round(width * ratio);
      this.layer.height = Math.round(height * ratio);
    }
    const context = this.layer.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const origin = item.imageToViewerElementCoordinates(new OpenSeadragon.Point(0, 0));
    const end = item.imageToViewerElementCoordinates(new OpenSeadragon.Point(this.data.slide.width, 0));
    const zoom = (end.x - origin.x) / this.data.slide.width, size = this.data.tiles.size;
    const place = (i) => [origin.x + this.x[i] * zoom, origin.y + this.y[i] * zoom, size * zoom, size * zoom];
    if (this.heat) this.paintHeat(context, origin, zoom, place);
    this.paintMarks(context, place, size * zoom);
    this.drawScale(zoom);
    this.root.dataset.ready = this.data.id; // what a test of the page waits for
    this.root.dataset.zoom = zoom.toFixed(4);
  }

  paintHeat(context, origin, zoom, place) {
    context.globalAlpha = this.opacity;
    context.imageSmoothingEnabled = this.smooth;
    const size = this.data.tiles.size * zoom;
    if (this.picture) {
      context.drawImage(this.picture, origin.x + this.left * zoom, origin.y + this.top * zoom,
        this.picture.width * size, this.picture.height * size);
    } else {
      this.values.forEach((_, i) => {
        context.fillStyle = `rgb(${mix(this.data.colours, this.rank[i])})`;
        context.fillRect(...place(i));
      });
    }
    context.globalAlpha = 1;
  }

  paintMarks(context, place, side) {
    // Numbers as well as colours: the same as below the slide.
    const outline = (i, wide) => {
      for (const [colour, line] of [["#000", wide + 2], ["#fff", wide]]) {
        context.strokeStyle = colour;
        context.lineWidth = line;
        context.strokeRect(...place(i));
      }
    };
    context.font = "600 12px sans-serif";
    context.textBaseline = "top";
    this.data.top.forEach((tile, number) => {
      if (side > 6) outline(tile, 1);
      const [x, y] = place(tile), text = String(number + 1), wide = context.measureText(text).width + 6;
      context.fillStyle = "#000";
      context.fillRect(x, y, wide, 16);
      context.fillStyle = "#fff";
      context.fillText(text, x + 3, y + 2);
    });
    if (this.chosen !== null) outline(this.chosen, 3);
  }

  drawScale(zoom) {
    const { mpp } = this.data.slide, { words } = this.data;
    if (!mpp) {
      this.scale.textContent = words.no_scale;
      return;
    }
    const most = (SCALE_PX * mpp) / zoom, ten = 10 ** Math.floor(Math.log10(most));
    const um = Math.max(...STEPS.map((step) => step * ten).filter((length) => length <= most));
    const bar = make("i");
    bar.style.width = `${(um / mpp) * zoom}px`;
    this.scale.replaceChildren(um >= 1000 ? `${um / 1000} mm` : `${Number(um.toPrecision(2))} µm`, bar);
    this.scale.dataset.um = um;
    this.scale.dataset.px = ((um / mpp) * zoom).toFixed(2);
  }

  drawSide() {
    const { words, shown, colours } = this.data, bar = make("canvas"), list = make("ol");
    this.title.textContent = shown.title;
    bar.width = 256;
    bar.height = 1;
    bar.setAttribute("aria-hidden", "true");
    const context = bar.getContext("2d"), image = context.createImageData(256, 1);
    for (let i = 0; i < 256; i++) image.data.set([...mix(colours, i / 255), 255], 4 * i);
    context.putImageData(image, 0, 0);
    for (const percent of [0, 25, 50, 75, 100]) {
      const value = this.sorted[Math.round((percent / 100) * (this.sorted.length - 1))];
      const line = make("li");
      line.append(make("div", "", `${percent}`), make("div", "", `×${times(value)}`));
      list.append(line);
    }
    this.legend.replaceChildren(make("p", "sv-note", words.legend), bar, list);
    this.notes.textContent = this.data.note;
  }

  drawPanel() {
    const { words } = this.data;
    if (this.chosen === null) {
      this.panel.replaceChildren(make("p", "", words.click));
      return;
    }
    const i = this.chosen, { mpp } = this.data.slide;
    const at = mpp ? `${((this.x[i] * mpp) / 1000).toFixed(2)} / ${((this.y[i] * mpp) / 1000).toFixed(2)} mm` : `${this.x[i]} / ${this.y[i]} px`;
    const head = make("p", "sv-title", fill(words.tile, { number: i + 1, count: this.values.length, at }));
    const value = make("p", "", fill(words.value, { times: times(this.values[i]), percentile: Math.round(100 * this.rank[i]) }));
    const parts = [head, value];
    if (this.ranked.length) {
      const order = this.ranked.map((one) => ({ title: one.title, value: one.values[i] })).sort((a, b) => b.value - a.value);
      const most = Math.max(order[0].value, 1e-9), list = make("ol");
      for (const one of order) {
        const line = make("li"), bar = make("i", "sv-bar"), text = make("span");
        text.append(make("b", "", one.title), make("span", "", `×${times(one.value)}`));
        bar.style.width = `${(100 * one.value) / most}%`;
        line.append(text, bar);
        list.append(line);
      }
      parts.push(make("p", "sv-note", words.ranked), list);
    }
    this.panel.replaceChildren(...parts);
    this.panel.dataset.tile = i;
  }

  drawGallery() {
    const { words, top, slide, tiles } = this.data;
    this.galleryTitle.textContent = slide.url ? words.gallery : "";
    if (!slide.url) {
      this.gallery.replaceChildren();
      return;
    }
    const key = `${this.data.id} ${top}`;
    if (this.gallery.dataset.key !== key) {
      this.gallery.dataset.key = key;
      this.gallery.replaceChildren(...top.map((tile, number) => {
        const button = make("button"), picture = make("img"), label = make("span");
        const values = { number: number + 1, times: times(this.values[tile]) };
        picture.alt = fill(words.picture, values);
        picture.loading = "lazy";
        picture.src = `${slide.url}/crop/${this.x[tile]}_${this.y[tile]}_${tiles.size}.jpeg`;
        label.textContent = `${values.number} · ×${values.times}`;
        Object.assign(button, { type: "button", onclick: () => this.goTo(tile) });
        button.append(picture, label);
        return button;
      }));
    }
    [...this.gallery.children].forEach((one, number) => one.setAttribute("aria-pressed", top[number] === this.chosen));
  }

  destroy() {
    this.osd?.destroy();
    this.osd = null;
  }
}

export default function draw(component) {
  const { data, parentElement } = component;
  const host = parentElement.querySelector(".sv-host") ?? parentElement;
  host.survdashViewer ??= new Viewer(host);
  host.survdashViewer.update(data);
  const drawing = (host.survdashDrawing = {});
  return () => {
    if (host.survdashDrawing !== drawing) return; // Streamlit ends a drawing that was overtaken after the next one began
    host.survdashViewer?.destroy();
    delete host.survdashViewer;
  };
}
